"""Claims to identity: which claim gives what, and which values are none."""

import pytest

from gateline.authn.claims import Claims, WrongClaimError, identity_from

PRINTABLE = "is no printable text of 1 to 256 characters"
LISTED = "is neither text nor a list of texts"
NAMES = Claims()


def identity(claims, names=NAMES):
    return identity_from({"sub": "alice", **claims}, names, "jwt")


def test_each_field_has_its_claim():
    """By the names that RFC 7519 and RFC 9068 give them."""
    claims = {"scope": "a b", "tenant": "acme", "roles": ["r"], "groups": "g h", "tier": "gold", "jti": "t-1", "x": 1}
    found = identity(claims)
    assert (found.user_id, found.method, found.tenant, found.tier) == ("alice", "jwt", "acme", "gold")
    assert (found.scopes, found.roles, found.groups) == ({"a", "b"}, {"r"}, {"g", "h"})
    assert found.credential_id == "t-1"
    assert found.claims == {"sub": "alice", **claims}


def test_what_a_token_does_not_say_is_empty():
    """The subject alone is needed."""
    found = identity({})
    assert (found.tenant, found.tier, found.credential_id) == (None, None, "")
    assert (found.scopes, found.roles, found.groups) == (set(), set(), set())


def test_a_policy_names_its_own_claims():
    """A dot leads into an object."""
    names = Claims(user_id="u.id", scopes="u.scp", tenant="org", roles="realm.roles", groups="gs", tier="plan")
    claims = {"u": {"id": "bob", "scp": ["a"]}, "org": "o", "realm": {"roles": ["r"]}, "gs": ["g"], "plan": "p"}
    found = identity(claims, names)
    assert (found.user_id, found.tenant, found.tier) == ("bob", "o", "p")
    assert (found.scopes, found.roles, found.groups) == ({"a"}, {"r"}, {"g"})


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"sub": None}, "the claim sub is missing"),
        ({"sub": ""}, f"the claim sub {PRINTABLE}"),
        ({"sub": 7}, f"the claim sub {PRINTABLE}"),
        ({"sub": "x" * 257}, f"the claim sub {PRINTABLE}"),
        ({"sub": "a\nb"}, f"the claim sub {PRINTABLE}"),
        ({"tenant": ["acme"]}, f"the claim tenant {PRINTABLE}"),
        ({"tier": True}, f"the claim tier {PRINTABLE}"),
        ({"jti": 7}, f"the claim jti {PRINTABLE}"),
        ({"scope": 7}, f"the claim scope {LISTED}"),
        ({"scope": {"a": 1}}, f"the claim scope {LISTED}"),
        ({"scope": "a\tb"}, f"the claim scope {LISTED}"),
        ({"roles": ["a", 7]}, f"the claim roles {LISTED}"),
        ({"roles": [["a"]]}, f"the claim roles {LISTED}"),
        ({"groups": ["a\x00"]}, f"the claim groups {LISTED}"),
    ],
)
def test_a_claim_of_the_wrong_kind_is_named(claims, why):
    """And never quoted."""
    with pytest.raises(WrongClaimError) as caught:
        identity(claims)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", set()),
        ("a  b ", {"a", "b"}),
        ([], set()),
        (["a", "", "a"], {"a"}),
        (["two words"], {"two words"}),
    ],
)
def test_words_stand_between_spaces_or_in_a_list(value, words):
    """Empty ones count for nothing."""
    assert identity({"scope": value}).scopes == words


def test_a_name_of_any_allowed_length_is_taken():
    """1 and 256 characters."""
    assert identity({"sub": "x" * 256, "tenant": "t"}).user_id == "x" * 256
