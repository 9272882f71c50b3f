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
        self.asked = []
        self.answer = None

    def __call__(self, effect):
        assert isinstance(effect, RevokedGet)
        self.asked.append(effect)
        if self.away:
            raise UnavailableError("store", "away")
        if self.answer is not None:
            return self.answer
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


def test_user_and_token_are_asked_about_in_the_stores_time(policy, listed):
    """A token without `jti` is known by its user alone."""
    made = policy(gateway({**MAIN, "revocation": True}, budgets={"store_ms": 30}), world=listed)
    for claims, names in (({"jti": "t-1"}, ("sub:alice", "jti:t-1")), ({}, ("sub:alice",))):
        for _ in range(2):  # from memory the second time
            made.decide(headers=bearer(mint({"claims": claims}, keyring(), made.now_unix_s)))
            assert listed.asked.pop() == RevokedGet(names, 0.03)


@pytest.mark.parametrize("answer", [(), (False,), (False, False, False), (False, True), (True, False)])
def test_an_answer_that_does_not_clear_both_is_a_refusal(revocable, listed, answer):
    """For the first time and from memory alike."""
    token = bearer(mint({"claims": {"jti": "t-1"}}, keyring(), revocable.now_unix_s))
    for _ in range(2):
        listed.answer = answer
        refused = revocable.decide(headers=token)
        assert said(refused) == (401, "invalid_token")
        assert refused.problem.why == "main: the token, or all of its user's, are revoked"
        listed.answer = None
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
