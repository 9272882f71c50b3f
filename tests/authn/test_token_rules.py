"""What a verified token must say, to the second and to the letter."""

import pytest

from gateline.authn.jose.compact import Token
from gateline.authn.token_rules import ClaimRules, expired_at, refusal_of

NOW = 1_000.0
LAST_DATE = 253_402_300_799
ABSENT = object()
CLAIMS = {"aud": "us", "exp": 2_000}
ID_TOKEN = "is an ID token, which is for the client that asked for it"


def refusal(changes=None, says=None, **rules):
    """The refusal of a token with other claims; `ABSENT` leaves one out."""
    claims = {name: value for name, value in {**CLAIMS, **(changes or {})}.items() if value is not ABSENT}
    token = Token("RS256", None, says, claims, b"", b"")
    return refusal_of(token, ClaimRules(frozenset({"us", "we"}), **rules), NOW)


@pytest.mark.parametrize("says", [None, "JWT", "at+jwt", "application/AT+JWT"])
def test_a_token_that_says_what_it_must_passes(says):
    """Whatever it calls itself, as long as access tokens are called so."""
    assert refusal(says=says) is None


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"aud": ABSENT}, "has no audience"),
        ({"aud": None}, "has no audience"),
        ({"aud": 7}, "has no audience"),
        ({"aud": ["us", 7]}, "has no audience"),
        ({"aud": {"us": 1}}, "has no audience"),
        ({"aud": []}, "is for another audience"),
        ({"aud": "them"}, "is for another audience"),
        ({"aud": ["them", "US"]}, "is for another audience"),
        ({"nonce": "x"}, ID_TOKEN),
        ({"at_hash": "x"}, ID_TOKEN),
        ({"c_hash": None}, ID_TOKEN),
        ({"exp": ABSENT}, "never expires"),
        ({"exp": "2000"}, "has a claim exp that is no date"),
        ({"exp": True}, "has a claim exp that is no date"),
        ({"exp": None}, "has a claim exp that is no date"),
        ({"exp": -1}, "has a claim exp that is no date"),
        ({"exp": LAST_DATE + 1}, "has a claim exp that is no date"),
        ({"nbf": "1"}, "has a claim nbf that is no date"),
        ({"iat": False}, "has a claim iat that is no date"),
        ({"nbf": 1_001}, "has a claim nbf in the future"),
        ({"iat": 1_000.5}, "has a claim iat in the future"),
    ],
)
def test_a_claim_that_does_not_hold_is_the_reason(claims, why):
    """Under one code, since the client can do nothing about it but get another token."""
    assert refusal(claims) == ("invalid_token", why)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["them", "we"]},
        {"exp": LAST_DATE},
        {"exp": 1_000.5},
        {"nbf": 1_000, "iat": 1_000},
        {"nbf": 0, "iat": 0.5},
    ],
)
def test_a_claim_that_just_holds_is_no_reason(claims):
    """The last values before the refusals above."""
    assert refusal(claims) is None


def test_a_token_has_expired_from_its_exp_on():
    """Skew is granted at both ends."""
    assert refusal({"exp": 1_000}) == ("token_expired", "has expired")
    assert refusal({"exp": 995}, leeway_s=5) == ("token_expired", "has expired")
    assert refusal({"exp": 996, "nbf": 1_005, "iat": 1_005}, leeway_s=5) is None
    assert refusal({"nbf": 1_006}, leeway_s=5) == ("invalid_token", "has a claim nbf in the future")
    assert expired_at({"exp": 996}, ClaimRules(frozenset(), leeway_s=5)) == 1_001


@pytest.mark.parametrize(
    ("typ", "says", "why"),
    [
        (None, "dpop+jwt", "is of another typ than access tokens are"),
        (None, "jwt application/", "is of another typ than access tokens are"),
        ("at+jwt", None, "is not of the typ at+jwt"),
        ("at+jwt", "JWT", "is not of the typ at+jwt"),
        ("at+jwt", "application/At+Jwt", None),
        ("application/AT+jwt", "at+jwt", None),
        ("secevent+jwt", "secevent+jwt", None),
    ],
)
def test_a_token_is_of_the_typ_that_is_asked_for(typ, says, why):
    """`application/` may be left out (RFC 7515 §4.1.9), and case does not count."""
    assert refusal(says=says, typ=typ) == (why and ("invalid_token", why))


def test_id_tokens_pass_where_the_policy_takes_them():
    """They are otherwise held to the same."""
    assert refusal({"nonce": "x"}, id_tokens=True) is None
    assert refusal({"nonce": "x", "aud": "them"}, id_tokens=True) == ("invalid_token", "is for another audience")


def test_required_claims_must_be_there():
    """The first that is missing is named; a dot leads into an object, and null is nothing."""
    claims = {"a": {"b": 0}, "c": None}
    assert refusal(claims, required=("a.b",)) is None
    assert refusal(claims, required=("a.b", "c", "d")) == ("invalid_token", "lacks the claim c")
