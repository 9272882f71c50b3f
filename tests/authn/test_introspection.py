"""Opaque tokens: what the issuer answers, what is remembered, and what an issuer that is away means."""

import json
from base64 import b64decode
from urllib.parse import parse_qs

import pytest

from gateline.effects import HttpCall, HttpReply
from gateline.values.errors import ConfigError, UnavailableError
from tests.authn.gateways import MAIN, bearer, gateway, said
from tests.cases_support.keyring import keyring
from tests.cases_support.minting import mint

NOW = 1_800_000_000.0
OPAQUE = {
    "name": "opaque",
    "method": "introspection",
    "url": "https://auth.example.com/introspect",
    "client_id": "gate:way",
    "client_secret": {"file": ".gateline/hmac"},
}


class Issuer:
    """Knows tokens, counts questions."""

    def __init__(self):
        self.tokens = {}
        self.calls = []
        self.broken = None

    def __call__(self, effect):
        assert isinstance(effect, HttpCall)
        self.calls.append(effect)
        if isinstance(self.broken, Exception):
            raise self.broken
        if self.broken is not None:
            return self.broken
        token = parse_qs(effect.body.decode())["token"][0]
        return HttpReply(200, (), json.dumps(self.tokens.get(token, {"active": False})).encode())


@pytest.fixture
def issuer():
    found = Issuer()
    found.tokens["good"] = {"active": True, "sub": "alice", "scope": "read", "exp": NOW + 30}
    return found


@pytest.fixture
def opaque(policy, issuer):
    return policy(gateway(OPAQUE), world=issuer, now_unix_s=NOW)


def ask(made, token, now=None):
    if now is not None:
        made.now_unix_s = now
    return said(made.decide(headers=bearer(token)))


def test_an_active_token_passes_and_is_asked_about_once(opaque, issuer):
    for _ in range(10):
        assert ask(opaque, "good") == (200, "alice")
    assert len(issuer.calls) == 1


def test_an_inactive_token_is_a_normal_answer_and_remembered_for_a_shorter_time(opaque, issuer):
    for second in range(21):
        assert ask(opaque, "bad", NOW + second) == (401, "invalid_token")
    assert len(issuer.calls) == 3


def test_it_is_remembered_no_longer_than_it_is_valid(opaque, issuer):
    ask(opaque, "good")
    assert ask(opaque, "good", NOW + 29.9) == (200, "alice")
    assert len(issuer.calls) == 1
    assert ask(opaque, "good", NOW + 30) == (401, "token_expired")


def test_a_token_without_end_is_remembered_for_a_while(opaque, issuer):
    issuer.tokens["endless"] = {"active": True, "sub": "alice", "scope": ""}
    for second in (0, 59, 60, 61):
        assert ask(opaque, "endless", NOW + second) == (200, "alice")
    assert len(issuer.calls) == 2


@pytest.mark.parametrize(
    "broken",
    [
        UnavailableError("http", "away"),
        HttpReply(500, (), b""),
        HttpReply(401, (), b'{"active": true}'),
        HttpReply(302, (), b'{"active": true}'),
        HttpReply(200, (), b"<html>"),
        HttpReply(200, (), b"[]"),
        HttpReply(200, (), b"{}"),
        HttpReply(200, (), b'{"active": "true", "sub": "x"}'),
        HttpReply(200, (), b'{"active": 1, "sub": "x"}'),
        HttpReply(200, (), b'{"active": false, "active": true, "sub": "x", "scope": ""}'),
    ],
)
def test_an_issuer_that_does_not_answer_is_503_and_nothing_is_remembered(opaque, issuer, broken):
    issuer.broken = broken
    assert ask(opaque, "good") == (503, "dependency_unavailable")
    issuer.broken = None
    assert ask(opaque, "good") == (200, "alice")


def test_what_is_remembered_goes_on_while_the_issuer_is_away(opaque, issuer):
    ask(opaque, "good")
    issuer.broken = UnavailableError("http", "away")
    assert ask(opaque, "good", NOW + 20) == (200, "alice")
    assert ask(opaque, "other", NOW + 20) == (503, "dependency_unavailable")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sub": None}, "invalid_token"),
        ({"sub": 7}, "invalid_token"),
        ({"scope": None}, "invalid_token"),
        ({"exp": NOW}, "token_expired"),
        ({"exp": "soon"}, "invalid_token"),
        ({"exp": True}, "invalid_token"),
        ({"exp": -1}, "invalid_token"),
        ({"nbf": NOW + 1}, "invalid_token"),
        ({"iss": "https://evil.example"}, "invalid_token"),
        ({"aud": "other"}, "invalid_token"),
        ({"aud": []}, "invalid_token"),
        ({"aud": None}, "invalid_token"),
    ],
)
def test_an_active_token_is_held_to_its_members(policy, issuer, change, code):
    made = policy(gateway({**OPAQUE, "issuer": "https://a", "audience": "api"}), world=issuer, now_unix_s=NOW)
    token = {"active": True, "sub": "alice", "scope": "", "iss": "https://a", "aud": ["api", "b"], "exp": NOW + 9}
    issuer.tokens["t"] = token
    assert ask(made, "t") == (200, "alice")
    issuer.tokens["u"] = {name: value for name, value in {**token, **change}.items() if value is not None}
    assert ask(made, "u") == (401, code)


def test_scopes_are_judged_on_every_request(policy, issuer):
    route = {
        "methods": ["GET", "POST"],
        "authorization": {"rules": [{"methods": ["GET"], "scopes": {"all": ["read"]}}, {"scopes": {"all": ["write"]}}]},
    }
    made = policy(gateway(OPAQUE, route=route), world=issuer, now_unix_s=NOW)
    assert ask(made, "good") == (200, "alice")
    decision = made.decide("POST", headers=bearer("good"))
    assert said(decision) == (403, "insufficient_scope")
    assert len(issuer.calls) == 1


@pytest.mark.parametrize("token", ["", "a b", "é", "x" * 8193, "a\tb"])
def test_what_can_be_no_token_is_not_asked_about(opaque, issuer, token):
    assert ask(opaque, token)[0] == 401
    assert issuer.calls == []


def test_we_say_who_we_are_in_the_header_or_in_the_form(policy, issuer):
    for how in ("basic", "post"):
        made = policy(gateway({**OPAQUE, "client_auth": how}), world=issuer, now_unix_s=NOW)
        assert ask(made, "good") == (200, "alice")
    by_header, by_form = issuer.calls
    scheme, credential = dict(by_header.headers)["authorization"].split()
    assert scheme == "Basic"
    assert b64decode(credential) == b"gate%3Away:case-secret-of-exactly-32-bytes%21"
    assert parse_qs(by_form.body.decode())["client_id"] == ["gate:way"]
    assert "authorization" not in dict(by_form.headers)


def test_a_jwt_of_another_issuer_is_left_to_introspection(policy, issuer):
    made = policy(gateway(MAIN, OPAQUE), world=issuer, now_unix_s=NOW)
    foreign = mint({"claims": {"iss": "https://other.example"}}, keyring(), NOW)
    issuer.tokens[foreign] = {"active": True, "sub": "bob", "scope": ""}
    assert ask(made, foreign) == (200, "bob")
    assert ask(made, "good") == (200, "alice")
    assert ask(made, mint({}, keyring(), NOW)) == (200, "alice")
    assert len(issuer.calls) == 2


def test_challenges_tell_where_the_metadata_is(policy, issuer):
    url = "https://api.example.com/.well-known/oauth-protected-resource"
    made = policy(gateway({**OPAQUE, "resource_metadata": url}), world=issuer, now_unix_s=NOW)
    assert dict(made.decide().headers)["www-authenticate"] == f'Bearer resource_metadata="{url}"'
    refused = made.decide(headers=bearer("bad"))
    assert dict(refused.headers)["www-authenticate"] == f'Bearer error="invalid_token", resource_metadata="{url}"'


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"url": "http://auth.example.com/x"}, "must be https"),
        ({"url": "ftp://auth.example.com/x"}, "must be an https URL"),
        ({"url": "https://user@auth.example.com/x"}, "no user"),
        ({"client_secret": {"file": "missing"}}, "can't read"),
        ({"resource_metadata": "http://api.example.com/x"}, "must be https"),
    ],
)
def test_what_makes_no_sense_is_refused_at_load(policy, change, why):
    with pytest.raises(ConfigError, match=why):
        policy(gateway({**OPAQUE, **change}))


def test_neither_token_nor_secret_is_in_what_is_explained(opaque, issuer):
    issuer.broken = UnavailableError("http", "away")
    opaque.decide(headers=bearer("very-secret-token"))
    assert "very-secret-token" not in repr(opaque.notes)
    assert "case-secret" not in repr(opaque.notes)
