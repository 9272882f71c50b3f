"""Bearer tokens as the method judges them: what is remembered, for how long, and what is configured wrongly."""

import json

import pytest

from gateline.context import Context
from gateline.effects import HttpReply, Shared
from gateline.values.decision import Deny
from gateline.values.errors import ConfigError, UnavailableError
from gateline.values.headers import Headers
from gateline.values.identity import Identity
from gateline.values.request import MAX_MEMOS, Request
from tests.authn.gateways import MAIN, bearer, gateway, said
from tests.cases_support.keyring import keyring
from tests.cases_support.minting import mint

NOW = 1_800_000_000.0


def token(now=NOW, **claims):
    return mint({"claims": {"sub": "alice", **claims}, "exp": "+60s"}, keyring(), now)


TOKEN = token()


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


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"signature": "flip"}, "the token has a wrong signature"),
        ({"signature": "none"}, "the token has a wrong signature"),
        ({"header": {"kid": "other"}}, "the token has no key for RS256 of its kid"),
        ({"alg": "ES256"}, "the token has the algorithm 'ES256', which the policy does not allow"),
        ({"alg": "X" * 20, "sign_as": "RS256"}, f"the token has the algorithm '{'X' * 16}', which the policy does not"),
        ({"header": {"crit": []}}, "the token has critical header parameters"),
        ({"claims": {"aud": "other"}}, "the token is for another audience"),
        ({"claims": {"scope": None}}, "the token lacks the claim scope"),
        ({"claims": {"sub": None}}, "the claim sub is missing"),
        ({"claims": {"iss": "https://evil.example"}}, "the token is of another issuer than https://auth.example.com"),
    ],
)
def test_a_bad_token_is_refused_with_its_reason(guarded, spec, why):
    """Which goes to `explain` and the log, and never to the client."""
    for _ in range(2):
        bad = guarded.decide(headers=bearer(mint(spec, keyring(), NOW)))
        assert said(bad) == (401, "invalid_token")
        assert bad.problem.why.removeprefix("main: ").startswith(why)
        assert bad.headers == (("www-authenticate", 'Bearer error="invalid_token"'),)


@pytest.mark.parametrize(("text", "why"), [("a.b", "is no JWT: it has not three parts"), ("a.b.c", "has a part that")])
def test_what_is_no_token_is_refused_with_its_reason(guarded, text, why):
    """Where another method might take it, too."""
    assert guarded.decide(headers=bearer(text)).problem.why.removeprefix("main: ").startswith(f"the token {why}")


def test_two_headers_are_refused_though_one_was_verified_before(guarded):
    """The next hop might take the other one."""
    headers = bearer(token())
    assert said(guarded.decide(headers=headers)) == (200, "alice")
    assert said(guarded.decide(headers=[*headers.items()] * 2)) == (400, "malformed_request")


@pytest.mark.parametrize(
    ("change", "spec", "answer"),
    [
        ({"audience": ["one", "two"]}, {"claims": {"aud": "two"}}, (200, "alice")),
        ({"audience": ["one", "two"]}, {}, (401, "invalid_token")),
        ({"require_scope": False}, {"claims": {"scope": None}}, (200, "alice")),
        ({"require": ["client_id"]}, {}, (401, "invalid_token")),
        ({"require": ["client_id"]}, {"claims": {"client_id": "shop"}}, (200, "alice")),
        ({"require": ["client_id"]}, {"claims": {"client_id": "shop", "scope": None}}, (401, "invalid_token")),
        ({"typ": "at+jwt"}, {}, (401, "invalid_token")),
        ({"typ": "at+jwt"}, {"header": {"typ": "at+jwt"}}, (200, "alice")),
        ({}, {"claims": {"nonce": "n"}}, (401, "invalid_token")),
        ({"id_tokens": True}, {"claims": {"nonce": "n"}}, (200, "alice")),
        ({"claims": {"user_id": "client_id"}}, {"claims": {"client_id": "shop"}}, (200, "shop")),
    ],
)
def test_a_policy_says_what_its_tokens_must_claim(policy, change, spec, answer):
    """Each field reaches the rules."""
    made = policy(gateway({**MAIN, **change}), now_unix_s=NOW)
    assert said(made.decide(headers=bearer(mint(spec, keyring(), NOW)))) == answer


class Issuer:
    """Publishes keys."""

    def __init__(self, *names):
        self.names = names

    def __call__(self, effect):
        if not self.names:
            raise UnavailableError("http", "away")
        return HttpReply(200, (), json.dumps(keyring().jwks(*self.names)).encode())


@pytest.fixture
def issuer():
    return Issuer("main", "next")


@pytest.fixture
def fetching(policy, issuer):
    keys = {"jwks_url": "https://auth.example.com/jwks", "refresh_s": 20, "refetch_s": 10, "max_stale_s": 60}
    return policy(gateway({**MAIN, "keys": keys}), world=issuer, now_unix_s=NOW)


def test_tokens_are_remembered_until_a_key_is_gone_and_then_anew(fetching, issuer):
    """A new key costs nothing; one that was withdrawn takes along what was verified with it."""
    main, after = bearer(token()), bearer(mint({"key": "next", "exp": "+60s"}, keyring(), NOW))
    first, withdrawn = fetching.decide(headers=main).identity, fetching.decide(headers=after).identity
    assert fetching.decide(headers=after).identity is withdrawn
    issuer.names = ("main",)
    fetching.now_unix_s = NOW + 20
    assert fetching.decide(headers=main).identity is not first
    assert said(fetching.decide(headers=after)) == (401, "invalid_token")
    assert fetching.decide(headers=main).identity is fetching.decide(headers=main).identity


class Keys:
    """The method's own keys, one of which may go."""

    def __init__(self, keys):
        self.version, self.check_at = keys.version, keys.check_at
        self.find, self.wanted, self.trouble = keys.find, keys.wanted, keys.trouble

    def withdraw(self):
        self.version += 1
        self.find = lambda *_: None
        self.trouble = lambda *_: ""


@pytest.fixture
def shared(guarded):
    """Asks the method again and again with one memo, as requests of the same lines have."""
    method = guarded.pipeline.snapshot.methods["main"]
    method._keys = Keys(method._keys)
    memo = {}

    def judged(now=NOW):
        return method.authenticate(Context(asked(memo, now)))

    judged.keys = method._keys
    return judged


def asked(memo, now=NOW):
    return Request("GET", "/", "h", Headers.of(bearer(TOKEN).items()), "192.0.2.1", now, memo=memo)


def test_the_same_lines_give_the_same_identity_until_the_token_ends(shared):
    first, *others = [shared() for _ in range(4)]
    assert isinstance(first, Identity)
    assert all(other is first for other in others)
    assert shared(NOW + 59) is first
    assert (shared(NOW + 60).code, shared(NOW + 61).code) == ("token_expired", "token_expired")


def test_the_same_lines_give_nobody_once_the_key_is_gone(shared):
    assert isinstance([shared() for _ in range(3)][-1], Identity)
    shared.keys.withdraw()
    assert [shared().code for _ in range(3)] == ["invalid_token"] * 3


def test_lines_that_many_policies_looked_at_remember_a_bounded_number(policy):
    memo = {}
    for number in range(MAX_MEMOS + 3):
        name = f"m{number}"
        method = policy(gateway({**MAIN, "name": name}), now_unix_s=NOW).pipeline.snapshot.methods[name]
        for _ in range(3):
            assert method.authenticate(Context(asked(memo))).user_id == "alice"
        assert 0 < len(memo) <= MAX_MEMOS


def test_keys_are_asked_for_before_the_first_token(fetching, issuer):
    """`gateline serve` does so when it starts."""
    method = fetching.pipeline.snapshot.methods["main"]
    asked = method.prepare(NOW)
    assert isinstance(asked, Shared)
    asked.settle(issuer(asked.effect))
    assert method.prepare(NOW) is None
    issuer.names = ()
    assert said(fetching.decide(headers=bearer(token()))) == (200, "alice")


def test_without_keys_nothing_can_be_judged_and_the_reason_is_told(fetching, issuer):
    """It is the operator who has to learn why."""
    issuer.names = ()
    fetching.decide(headers=bearer(token()))
    decision = fetching.decide(headers=bearer(token()))
    assert said(decision) == (503, "dependency_unavailable")
    url = "https://auth.example.com/jwks"
    assert decision.problem.why == f"main: no keys of https://auth.example.com: {url} http: away"


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
    ("change", "fault"),
    [
        ({"algorithms": ["HS256", "RS256"]}, "algorithms mixes HS algorithms with those of public keys: use two"),
        ({"algorithms": []}, "algorithms must not be empty"),
        ({"algorithms": ["none"]}, "algorithms[0] "),
        ({"keys": {"jwks_file": ".gateline/gone.json"}}, "keys.jwks_file can't read"),
        ({"audience": []}, "audience"),
        ({"issuer": ""}, "issuer must not be empty"),
    ],
)
def test_a_method_that_could_not_judge_is_refused_at_load(policy, change, fault):
    with pytest.raises(ConfigError) as error:
        policy(gateway({**MAIN, **change}))
    assert str(error.value).startswith(f"inline: authentication[0].{fault}")
