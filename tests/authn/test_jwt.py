"""Bearer tokens as the method judges them: what is remembered, for how long, and what is configured wrongly."""

import pytest

from gateline.values.decision import Deny
from gateline.values.errors import ConfigError
from tests.authn.gateways import MAIN, bearer, gateway, said
from tests.cases_support.keyring import keyring
from tests.cases_support.minting import mint

NOW = 1_800_000_000.0


def token(now=NOW, **claims):
    return mint({"claims": {"sub": "alice", **claims}, "exp": "+60s"}, keyring(), now)


@pytest.fixture
def guarded(policy):
    return policy(gateway(MAIN), now_unix_s=NOW)


def test_a_token_gives_its_subject_scopes_and_id(guarded):
    decision = guarded.decide(headers=bearer(token(scope="a b", jti="t-1", tenant="acme")))
    identity = decision.identity
    assert (identity.user_id, identity.method, identity.tenant) == ("alice", "jwt", "acme")
    assert (identity.scopes, identity.credential_id) == ({"a", "b"}, "t-1")


def test_a_remembered_token_gives_the_same_identity_again(guarded):
    headers = bearer(token())
    assert guarded.decide(headers=headers).identity is guarded.decide(headers=headers).identity


def test_a_remembered_token_ends_with_its_exp(guarded):
    headers = bearer(token())
    assert said(guarded.decide(headers=headers)) == (200, "alice")
    guarded.now_unix_s = NOW + 59
    assert said(guarded.decide(headers=headers)) == (200, "alice")
    guarded.now_unix_s = NOW + 60
    assert said(guarded.decide(headers=headers)) == (401, "token_expired")


def test_skew_is_granted_as_far_as_the_policy_says_and_no_further(policy):
    lenient = policy(gateway({**MAIN, "leeway_s": 5}), now_unix_s=NOW)
    headers = bearer(token())
    lenient.now_unix_s = NOW + 64
    assert said(lenient.decide(headers=headers)) == (200, "alice")
    lenient.now_unix_s = NOW + 65
    assert said(lenient.decide(headers=headers)) == (401, "token_expired")


def test_no_token_is_a_bare_challenge_and_a_bad_one_says_so(guarded):
    nothing = guarded.decide()
    assert isinstance(nothing, Deny)
    assert nothing.headers == (("www-authenticate", "Bearer"),)
    bad = guarded.decide(headers=bearer("a.b.c"))
    assert isinstance(bad, Deny)
    assert ("www-authenticate", 'Bearer error="invalid_token"') in bad.headers
    assert said(bad) == (401, "invalid_token")


def test_another_scheme_is_no_credential_of_this_method(guarded):
    assert said(guarded.decide(headers={"authorization": "Basic eDp5"})) == (401, "no_credentials")


def test_a_token_of_another_issuer_is_left_to_its_own_method(policy):
    partner = {**MAIN, "name": "partner", "issuer": "https://partner.example.net"}
    partner["keys"] = {"jwks_file": ".gateline/partner.json"}
    both = policy(gateway(MAIN, partner), now_unix_s=NOW)
    spec = {"claims": {"sub": "bob", "iss": "https://partner.example.net"}, "exp": "+60s", "key": "partner"}
    assert said(both.decide(headers=bearer(mint(spec, keyring(), NOW)))) == (200, "bob")
    assert said(both.decide(headers=bearer(token()))) == (200, "alice")
    stranger = {"claims": {"sub": "eve", "iss": "https://evil.example"}, "exp": "+60s"}
    for _ in range(2):  # from memory the second time
        assert said(both.decide(headers=bearer(mint(stranger, keyring(), NOW)))) == (401, "invalid_token")


def test_explain_names_the_method_and_the_reason_but_never_the_token(guarded):
    secret = token(aud="other")
    guarded.decide(headers=bearer(secret))
    told = "; ".join(note.why for note in guarded.notes)
    assert "main: " in told
    assert secret not in told
    assert secret.split(".")[2] not in told


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"algorithms": ["HS256", "RS256"]}, "algorithms"),
        ({"algorithms": []}, "algorithms"),
        ({"algorithms": ["none"]}, "algorithms"),
        ({"keys": {"jwks_file": ".gateline/gone.json"}}, "jwks_file"),
        ({"audience": []}, "audience"),
        ({"issuer": ""}, "issuer"),
    ],
)
def test_a_method_that_could_not_judge_is_refused_at_load(policy, change, place):
    with pytest.raises(ConfigError, match=place):
        policy(gateway({**MAIN, **change}))
