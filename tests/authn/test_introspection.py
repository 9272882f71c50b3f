"""Opaque tokens: what the issuer answers, what is remembered, and what an issuer that is away means."""

import json
from base64 import b64encode
from urllib.parse import parse_qs

import pytest

from gateline.effects import HttpCall, HttpReply, Shared
from gateline.values.errors import ConfigError, UnavailableError
from tests.authn.gateways import MAIN, bearer, begun, gateway, said
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
TOKEN = {"active": True, "sub": "alice", "scope": "", "iss": "https://a", "aud": ["api", "b"], "exp": NOW + 9}
MUTE = "introspection: the endpoint does not say whether the token is active"


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


@pytest.fixture
def strict(policy, issuer):
    return policy(gateway({**OPAQUE, "issuer": "https://a", "audience": "api"}), world=issuer, now_unix_s=NOW)


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
    ("broken", "why"),
    [
        (UnavailableError("http", "away"), "http: away"),
        (HttpReply(500, (), b""), "introspection: the endpoint answered 500"),
        (HttpReply(401, (), b'{"active": true}'), "introspection: the endpoint answered 401"),
        (HttpReply(302, (), b'{"active": true}'), "introspection: the endpoint answered 302"),
        (HttpReply(200, (), b"<html>"), "introspection: the endpoint's answer is no JSON (JSONDecodeError)"),
        (HttpReply(200, (), b"[]"), "introspection: the endpoint's answer is no JSON object"),
        (HttpReply(200, (), b"{}"), MUTE),
        (HttpReply(200, (), b'{"active": "true", "sub": "x"}'), MUTE),
        (HttpReply(200, (), b'{"active": 1, "sub": "x"}'), MUTE),
        (
            HttpReply(200, (), b'{"active": false, "active": true, "sub": "x", "scope": ""}'),
            "introspection: the endpoint's answer has a name twice",
        ),
    ],
)
def test_an_issuer_that_does_not_answer_is_503_and_nothing_is_remembered(opaque, issuer, broken, why):
    """It is the operator who has to learn why."""
    issuer.broken = broken
    decision = opaque.decide(headers=bearer("good"))
    assert said(decision) == (503, "dependency_unavailable")
    assert decision.problem.why == why
    issuer.broken = None
    assert ask(opaque, "good") == (200, "alice")


def test_what_is_remembered_goes_on_while_the_issuer_is_away(opaque, issuer):
    ask(opaque, "good")
    issuer.broken = UnavailableError("http", "away")
    assert ask(opaque, "good", NOW + 20) == (200, "alice")
    assert ask(opaque, "other", NOW + 20) == (503, "dependency_unavailable")


@pytest.mark.parametrize(
    ("change", "code", "why"),
    [
        ({"sub": None}, "invalid_token", "is described badly: the claim sub is missing"),
        ({"sub": 7}, "invalid_token", "is described badly: the claim sub is no printable text of 1 to 256 characters"),
        ({"scope": None}, "invalid_token", "has no scope"),
        ({"exp": NOW}, "token_expired", "has expired"),
        ({"exp": 0}, "token_expired", "has expired"),
        ({"exp": "soon"}, "invalid_token", "has a member exp that is no date"),
        ({"exp": True}, "invalid_token", "has a member exp that is no date"),
        ({"exp": -1}, "invalid_token", "has a member exp that is no date"),
        ({"exp": 253_402_300_799 + 1}, "invalid_token", "has a member exp that is no date"),
        ({"nbf": "soon"}, "invalid_token", "has a member nbf that is no date"),
        ({"nbf": NOW + 1}, "invalid_token", "is not valid yet"),
        ({"iss": "https://evil.example"}, "invalid_token", "is of another issuer"),
        ({"iss": None}, "invalid_token", "is of another issuer"),
        ({"aud": "my-api"}, "invalid_token", "is for another audience"),
        ({"aud": {"api": 1}}, "invalid_token", "is for another audience"),
        ({"aud": 7}, "invalid_token", "is for another audience"),
        ({"aud": []}, "invalid_token", "is for another audience"),
        ({"aud": None}, "invalid_token", "is for another audience"),
        ({"active": False}, "invalid_token", "is not active"),
    ],
)
def test_an_active_token_is_held_to_its_members(strict, issuer, change, code, why):
    """Being active is not enough."""
    issuer.tokens["t"] = {name: value for name, value in {**TOKEN, **change}.items() if value is not None}
    for _ in range(2):  # from memory the second time
        decision = strict.decide(headers=bearer("t"))
        assert said(decision) == (401, code)
        assert decision.problem.why == f"opaque: the token {why}"
        assert decision.headers == (("www-authenticate", 'Bearer error="invalid_token"'),)
    assert len(issuer.calls) == 1


@pytest.mark.parametrize(
    "change",
    [{}, {"aud": "api"}, {"nbf": NOW}, {"exp": 253_402_300_799}, {"exp": None, "nbf": None}, {"exp": NOW + 0.5}],
)
def test_a_token_passes_as_far_as_its_members_allow(strict, issuer, change):
    """The other side of each limit."""
    issuer.tokens["t"] = {name: value for name, value in {**TOKEN, **change}.items() if value is not None}
    assert ask(strict, "t") == (200, "alice")


def test_a_policy_may_do_without_scopes_and_call_claims_by_other_names(policy, issuer):
    """Issuers differ in what they tell."""
    method = {**OPAQUE, "require_scope": False, "claims": {"user_id": "client_id", "scopes": "may.do"}}
    issuer.tokens["plain"] = {"active": True, "client_id": "shop"}
    issuer.tokens["other"] = {"active": True, "client_id": "shop", "may": {"do": "a b"}, "jti": "t-1"}
    made = policy(gateway(method), world=issuer, now_unix_s=NOW)
    assert made.decide(headers=bearer("plain")).identity.scopes == frozenset()
    identity = made.decide(headers=bearer("other")).identity
    assert (identity.method, identity.scopes, identity.credential_id) == ("introspection", {"a", "b"}, "t-1")


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
    """Guesses cost the issuer nothing."""
    refused = opaque.decide(headers=bearer(token))
    assert said(refused) == (401, "invalid_token")
    assert refused.problem.why == "opaque: the token is empty, too long, or has characters that none has"
    assert issuer.calls == []


@pytest.mark.parametrize("token", ["x", "x" * 8192, "a/b+c=="])
def test_what_can_be_a_token_is_asked_about(opaque, issuer, token):
    """Up to the limit, whatever its form."""
    assert ask(opaque, token) == (401, "invalid_token")
    (call,) = issuer.calls
    assert parse_qs(call.body.decode()) == {"token": [token], "token_type_hint": ["access_token"]}


def test_we_say_who_we_are_in_the_header_or_in_the_form(policy, issuer):
    """RFC 6749 §2.3.1, RFC 7662 §2.1."""
    for how in ("basic", "post"):
        made = policy(gateway({**OPAQUE, "client_auth": how, "within_ms": 300}), world=issuer, now_unix_s=NOW)
        assert ask(made, "good") == (200, "alice")
    by_header, by_form = issuer.calls
    pair = b64encode(b"gate%3Away:case-secret-of-exactly-32-bytes%21").decode()
    plain = (("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json"))
    asked = {"token": ["good"], "token_type_hint": ["access_token"]}
    for call, headers, form in (
        (by_header, (*plain, ("authorization", f"Basic {pair}")), asked),
        (
            by_form,
            plain,
            {**asked, "client_id": ["gate:way"], "client_secret": ["case-secret-of-exactly-32-bytes!"]},
        ),
    ):
        assert (call.method, call.url, call.within_s) == ("POST", "https://auth.example.com/introspect", 0.3)
        assert (call.headers, parse_qs(call.body.decode())) == (headers, form)


def test_those_who_bring_one_token_at_once_share_one_question(policy, opaque, issuer):
    """And each is judged by its own clock: the token may end while they wait."""
    first, second = begun(opaque, bearer("good")), begun(opaque, bearer("good"), NOW + 30)
    (asking,), (other,) = first.effects, second.effects
    assert isinstance(asking, Shared)
    assert asking.key == other.key
    assert asking.within_s == asking.effect.within_s == 0.8
    asking.settle(issuer(asking.effect))
    assert said(first.resume((None,))) == (200, "alice")
    late = second.resume((None,))
    assert said(late) == (401, "token_expired")
    assert late.problem.why == "opaque: the token has expired"
    elsewhere = policy(gateway(OPAQUE), now_unix_s=NOW)
    for made, token in ((opaque, "another"), (elsewhere, "good")):
        assert begun(made, bearer(token)).effects[0].key != asking.key


def test_a_question_that_told_nothing_is_503(opaque):
    """What was not judged is nobody's fault, and no way in."""
    lost = begun(opaque, bearer("good")).resume((None,))
    assert said(lost) == (503, "dependency_unavailable")
    assert lost.problem.why == "introspection: the answer was lost"


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
    ("change", "fault"),
    [
        ({"url": "http://auth.example.com/x"}, " has a url that must be https"),
        ({"url": "ftp://auth.example.com/x"}, " has a url that must be an https URL"),
        ({"url": "https://user@auth.example.com/x"}, " has a url that must hold no user"),
        ({"client_secret": {"file": "missing"}}, ".client_secret can't read"),
        ({"client_secret": {"file": "latin"}}, ".client_secret 'utf-8' codec"),
        ({"resource_metadata": "http://api.example.com/x"}, ".resource_metadata must be https"),
    ],
)
def test_what_makes_no_sense_is_refused_at_load(policy, tmp_path, change, fault):
    """Each with its place in the file."""
    (tmp_path / "latin").write_bytes(b"\xe9t\xe9")
    with pytest.raises(ConfigError) as error:
        policy(gateway({**OPAQUE, **change}))
    assert str(error.value).startswith(f"inline: authentication[0]{fault}")


def test_neither_token_nor_secret_is_in_what_is_explained(opaque, issuer):
    issuer.broken = UnavailableError("http", "away")
    opaque.decide(headers=bearer("very-secret-token"))
    assert "very-secret-token" not in repr(opaque.notes)
    assert "case-secret" not in repr(opaque.notes)
