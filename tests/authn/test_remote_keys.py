"""Fetched keys: when they are fetched, how often, and what holds while the issuer is away."""

import json
import logging

import pytest

from gateline.effects import HttpCall, HttpReply
from gateline.values.errors import UnavailableError
from tests.authn.gateways import MAIN, bearer, gateway, said
from tests.cases_support.keyring import keyring
from tests.cases_support.minting import mint

URL = "https://auth.example.com/jwks"
NOW = 1_800_000_000.0
KEYS = {"jwks_url": URL, "refresh_s": 300, "refetch_s": 10, "max_stale_s": 3600}


class Issuer:
    """Answers fetches as it is told, and counts them."""

    def __init__(self, *names):
        self.documents = {URL: keyring().jwks(*names)}
        self.away = ""
        self.calls = []

    def __call__(self, effect):
        assert isinstance(effect, HttpCall)
        self.calls.append(effect.url)
        if self.away:
            raise UnavailableError("http", self.away)
        if effect.url not in self.documents:
            return HttpReply(404, (), b"")
        document = self.documents[effect.url]
        return HttpReply(200, (), document if isinstance(document, bytes) else json.dumps(document).encode())


def ask(policy, now=None, **spec):
    if now is not None:
        policy.now_unix_s = now
    decision = policy.decide(headers=bearer(mint(spec, keyring(), spec.get("at", policy.now_unix_s))))
    return said(decision)


@pytest.fixture
def issuer():
    return Issuer("main")


@pytest.fixture
def fetching(policy, issuer):
    return policy(gateway({**MAIN, "keys": KEYS}), world=issuer, now_unix_s=NOW)


def test_the_first_token_fetches_the_keys_and_the_next_ones_do_not(fetching, issuer):
    assert ask(fetching) == (200, "alice")
    assert ask(fetching, claims={"sub": "bob"}) == (200, "bob")
    assert issuer.calls == [URL]


def test_a_key_that_was_added_is_found_by_its_unknown_kid(fetching, issuer):
    assert ask(fetching) == (200, "alice")
    issuer.documents[URL] = keyring().jwks("main", "next")
    assert ask(fetching, NOW + 11, key="next") == (200, "alice")
    assert len(issuer.calls) == 2


def test_a_thousand_unknown_kids_fetch_once_in_the_interval(fetching, issuer):
    ask(fetching)
    forged = {"key": "hmac", "sign_as": "HS256"}  # a thousand RSA signatures would take a second
    for number in range(1000):
        assert ask(fetching, NOW + 11 + number / 200, **forged, header={"kid": f"k{number}"})[0] == 401
    assert len(issuer.calls) == 2


def test_one_unknown_kid_over_and_over_is_remembered_as_unknown(fetching, issuer):
    ask(fetching)
    for number in range(20):
        assert ask(fetching, NOW + 11 * (number + 1), key="foreign")[0] == 401
    assert len(issuer.calls) == 2


def test_an_algorithm_that_does_not_fit_a_known_kid_fetches_nothing(policy, issuer):
    fetching = policy(gateway({**MAIN, "algorithms": ["RS256", "ES256"], "keys": KEYS}), world=issuer, now_unix_s=NOW)
    ask(fetching)
    assert ask(fetching, NOW + 11, alg="ES256", header={"kid": "main"}) == (401, "invalid_token")
    assert ask(fetching, NOW + 11, alg="ES256", header={"kid": None}) == (401, "invalid_token")
    assert len(issuer.calls) == 1


def test_tokens_that_are_no_good_anyway_fetch_nothing(fetching, issuer):
    assert ask(fetching, claims={"iss": "https://evil.example"})[0] == 401
    assert ask(fetching, alg="ES256")[0] == 401
    assert ask(fetching, header={"crit": []})[0] == 401
    assert issuer.calls == []


def test_an_issuer_that_is_away_from_the_start_is_503_and_asked_again_with_growing_pauses(fetching, issuer):
    issuer.away = "refused"
    tried = []
    for second in range(30):
        before = len(issuer.calls)
        assert ask(fetching, NOW + second) == (503, "dependency_unavailable")
        if len(issuer.calls) > before:
            tried.append(second)
    assert tried == [0, 1, 3, 7, 15, 25]
    issuer.away = ""
    assert ask(fetching, NOW + 40) == (200, "alice")


def test_old_keys_are_renewed_in_the_background(fetching, issuer):
    ask(fetching)
    assert ask(fetching, NOW + 301) == (200, "alice")
    assert len(issuer.calls) == 2
    assert ask(fetching, NOW + 302) == (200, "alice")
    assert len(issuer.calls) == 2


def test_known_keys_go_on_while_the_issuer_is_away_and_unknown_ones_are_503(fetching, issuer, caplog):
    ask(fetching)
    issuer.away = "refused"
    with caplog.at_level(logging.WARNING):
        assert ask(fetching, NOW + 301) == (200, "alice")
    assert "the last good keys serve for 3299 s more" in caplog.text
    assert ask(fetching, NOW + 303, key="next") == (503, "dependency_unavailable")
    assert ask(fetching, NOW + 304, key="next") == (503, "dependency_unavailable")
    assert ask(fetching, NOW + 3599) == (200, "alice")
    assert ask(fetching, NOW + 3601) == (503, "dependency_unavailable")
    issuer.away = ""
    assert ask(fetching, NOW + 3700) == (200, "alice")


def test_what_was_verified_before_is_not_believed_longer_than_the_last_good_keys(fetching, issuer):
    token = bearer(mint({"exp": "+1d"}, keyring(), NOW))
    assert said(fetching.decide(headers=token)) == (200, "alice")
    issuer.away = "refused"
    fetching.now_unix_s = NOW + 3599
    assert said(fetching.decide(headers=token)) == (200, "alice")
    fetching.now_unix_s = NOW + 3600
    assert said(fetching.decide(headers=token)) == (503, "dependency_unavailable")


def test_what_was_verified_with_a_key_that_is_gone_is_not_believed(fetching, issuer):
    token = bearer(mint({"exp": "+1d"}, keyring(), NOW))
    assert said(fetching.decide(headers=token)) == (200, "alice")
    issuer.documents[URL] = keyring().jwks("next")
    fetching.now_unix_s = NOW + 301
    fetching.decide(headers=token)
    fetching.now_unix_s = NOW + 302
    assert said(fetching.decide(headers=token)) == (401, "invalid_token")


def test_a_key_replaced_under_its_kid_takes_its_tokens_along(fetching, issuer):
    token = bearer(mint({"exp": "+1d"}, keyring(), NOW))
    assert said(fetching.decide(headers=token)) == (200, "alice")
    issuer.documents[URL] = {"keys": [{**keyring().public_jwk("next"), "kid": "main"}]}
    for later in (301, 302):
        fetching.now_unix_s = NOW + later
        decision = fetching.decide(headers=token)
    assert said(decision) == (401, "invalid_token")


@pytest.mark.parametrize("garbage", [b"", b"<html>", b'{"keys": []}', b'{"keys": 7}', b"[" * 50_000])
def test_garbage_leaves_the_last_good_keys(fetching, issuer, garbage):
    ask(fetching)
    issuer.documents[URL] = garbage
    assert ask(fetching, NOW + 301) == (200, "alice")
    assert ask(fetching, NOW + 302) == (200, "alice")
    assert ask(fetching, NOW + 320, key="foreign") == (503, "dependency_unavailable")


DISCOVERY = "https://auth.example.com/.well-known/openid-configuration"


@pytest.fixture
def discovering(policy, issuer):
    issuer.documents[DISCOVERY] = {"issuer": "https://auth.example.com", "jwks_uri": URL}
    keys = {"discovery": True, "refetch_s": 10}
    return policy(gateway({**MAIN, "keys": keys}), world=issuer, now_unix_s=NOW)


def test_discovery_finds_the_keys(discovering, issuer):
    assert ask(discovering) == (200, "alice")
    assert ask(discovering, claims={"sub": "bob"}) == (200, "bob")
    assert issuer.calls == [DISCOVERY, URL]


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example", "jwks_uri": URL},
        {"issuer": "https://auth.example.com"},
        {"issuer": "https://auth.example.com", "jwks_uri": "http://auth.example.com/jwks"},
        {"issuer": "https://auth.example.com", "jwks_uri": ["x"]},
        {"issuer": "https://auth.example.com", "jwks_uri": "file:///etc/passwd"},
        b"[]",
        b"{",
    ],
)
def test_a_discovery_document_that_is_no_good_is_not_followed(discovering, issuer, document):
    issuer.documents[DISCOVERY] = document
    assert ask(discovering) == (503, "dependency_unavailable")
    assert issuer.calls == [DISCOVERY]


def test_keys_that_moved_are_discovered_anew(discovering, issuer):
    ask(discovering)
    moved = "https://auth.example.com/keys2"
    issuer.documents = {
        DISCOVERY: {"issuer": "https://auth.example.com", "jwks_uri": moved},
        moved: keyring().jwks("main", "next"),
    }
    assert ask(discovering, NOW + 301) == (200, "alice")
    assert ask(discovering, NOW + 303, key="next") == (200, "alice")
    assert issuer.calls == [DISCOVERY, URL, URL, DISCOVERY, moved]
