"""The list of revoked tokens and users."""

import json

import pytest

from gateline.effects import HttpCall, HttpReply, RevokedGet
from gateline.values.errors import UnavailableError
from tests.authn.gateways import MAIN, bearer, gateway, said
from tests.cases_support.keyring import keyring
from tests.cases_support.minting import mint


class Listed:
    """A list in memory."""

    def __init__(self):
        self.names = set()
        self.away = False

    def __call__(self, effect):
        assert isinstance(effect, RevokedGet)
        if self.away:
            raise UnavailableError("store", "away")
        return tuple(name in self.names for name in effect.names)


@pytest.fixture
def listed():
    return Listed()


@pytest.fixture
def revocable(policy, listed):
    return policy(gateway({**MAIN, "revocation": True}), world=listed)


@pytest.mark.parametrize("name", ["jti:t-1", "sub:alice"])
def test_a_revocation_holds_at_once_and_can_end(revocable, listed, name):
    token = bearer(mint({"claims": {"jti": "t-1"}}, keyring(), revocable.now_unix_s))
    assert said(revocable.decide(headers=token)) == (200, "alice")
    listed.names.add(name)
    assert said(revocable.decide(headers=token)) == (401, "invalid_token")
    listed.names.clear()
    assert said(revocable.decide(headers=token)) == (200, "alice")


def test_others_are_not_concerned(revocable, listed):
    listed.names.update({"jti:other", "sub:bob", "jti:"})
    token = bearer(mint({}, keyring(), revocable.now_unix_s))
    assert said(revocable.decide(headers=token)) == (200, "alice")


def test_a_list_that_is_away_lets_nobody_pass(revocable, listed):
    token = bearer(mint({}, keyring(), revocable.now_unix_s))
    revocable.decide(headers=token)
    listed.away = True
    assert said(revocable.decide(headers=token)) == (503, "dependency_unavailable")


def test_a_token_that_is_no_good_is_not_looked_up(revocable, listed):
    listed.away = True
    token = bearer(mint({"signature": "flip"}, keyring(), revocable.now_unix_s))
    assert said(revocable.decide(headers=token)) == (401, "invalid_token")


def test_a_token_whose_keys_were_just_fetched_is_looked_up_too(policy, listed):
    class Both(Listed):
        def __call__(self, effect):
            if isinstance(effect, HttpCall):
                return HttpReply(200, (), json.dumps(keyring().jwks("main")).encode())
            return super().__call__(effect)

    world = Both()
    world.names.add("jti:t-1")
    keys = {"jwks_url": "https://auth.example.com/jwks"}
    made = policy(gateway({**MAIN, "keys": keys, "revocation": True}), world=world)
    bad, good = (bearer(mint({"claims": {"jti": jti}}, keyring(), made.now_unix_s)) for jti in ("t-1", "t-2"))
    refused = made.decide(headers=bad)
    assert said(refused) == (401, "invalid_token")
    assert dict(refused.headers)["www-authenticate"] == 'Bearer error="invalid_token"'
    assert refused.problem.why == "main: the token, or all of its user's, are revoked"
    fresh = policy(gateway({**MAIN, "keys": keys, "revocation": True}), world=world)
    assert said(fresh.decide(headers=good)) == (200, "alice")
    assert said(fresh.decide(headers=bearer("a.b.c"))) == (401, "invalid_token")
