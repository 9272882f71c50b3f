"""When fetched keys are asked for, to the second, and what is said while they can't be had."""

import json
import logging
import math

import pytest

from gateline.authn.jose.remote_keys import FetchRules, RemoteKeys
from gateline.effects import HttpReply, Later, Shared
from gateline.values.errors import UnavailableError
from tests.cases_support.keyring import keyring

ISSUER = "https://auth.example.com"
URL = f"{ISSUER}/jwks"
DOCUMENT = f"{ISSUER}/.well-known/openid-configuration"
RULES = FetchRules(refresh_s=300, refetch_s=10, max_stale_s=3600, within_s=5.0)
AWAY = UnavailableError("http", "refused")
NOW = 1_000.0


def jwks(*names):
    return HttpReply(200, (), json.dumps(keyring().jwks(*names)).encode())


def answer(asked, reply):
    """Settle what was asked, later or at once."""
    shared = asked.effect if isinstance(asked, Later) else asked
    assert isinstance(shared, Shared)
    shared.settle(reply)
    return shared.effect.url


def wanted(keys, now, kid="main"):
    return keys.wanted(kid, "RS256", now)


@pytest.fixture
def keys():
    return RemoteKeys(ISSUER, URL, "", ["RS256"], RULES)


@pytest.fixture
def fetched(keys):
    """Keys that were good at NOW."""
    answer(keys.first(NOW), jwks("main"))
    return keys


def test_what_is_asked_of_the_issuer(keys):
    """One GET for JSON within the policy's time, shared by all who ask this issuer."""
    asked = keys.first(NOW)
    assert (asked.effect.method, asked.effect.url, asked.effect.body) == ("GET", URL, None)
    assert asked.effect.headers == (("accept", "application/json"),)
    assert (asked.within_s, asked.effect.within_s) == (5.0, 5.0)
    assert asked.key == wanted(keys, NOW).key
    assert asked.key != RemoteKeys(ISSUER, URL, "", ["RS256"], RULES).first(NOW).key


def test_before_the_first_fetch_nothing_can_be_judged(keys):
    """And every token waits for it."""
    assert keys.find("main", "RS256", NOW) is None
    assert isinstance(wanted(keys, NOW), Shared)
    assert keys.trouble("main", NOW) == f"no keys of {ISSUER}: not fetched yet"
    assert keys.version == 0
    assert keys.check_at <= 0


def test_good_keys_are_asked_for_nothing_until_they_are_old(fetched):
    """Then one renews them in the background, and the others go on for as long as that may take."""
    assert fetched.first(NOW + 3599) is None
    assert fetched.find("main", "RS256", NOW).kid == "main"
    assert fetched.check_at == NOW + 300
    assert wanted(fetched, NOW + 299.9) is None
    renewal = wanted(fetched, NOW + 300)
    assert isinstance(renewal, Later)
    assert fetched.check_at == NOW + 305
    assert wanted(fetched, NOW + 304.9) is None
    assert isinstance(wanted(fetched, NOW + 305), Later)
    answer(renewal, jwks("main"))
    assert fetched.check_at == NOW + 600


def test_keys_serve_up_to_the_end_of_their_time_and_no_longer(fetched):
    """From then on they are fetched again, in the foreground."""
    assert fetched.find("main", "RS256", NOW + 3599.9) is not None
    assert fetched.trouble("main", NOW + 3599.9) is None
    assert isinstance(wanted(fetched, NOW + 3598), Later)
    assert fetched.check_at == NOW + 3600
    assert fetched.find("main", "RS256", NOW + 3600) is None
    assert fetched.trouble("main", NOW + 3600) == f"no keys of {ISSUER}: not fetched yet"
    assert isinstance(wanted(fetched, NOW + 3600), Shared)
    assert isinstance(fetched.first(NOW + 3600), Shared)


def test_an_unknown_kid_asks_again_only_after_the_pause(fetched):
    """And is then known to be unknown, for as long as keys are fresh."""
    assert wanted(fetched, NOW + 9.9, "next") is None
    assert answer(wanted(fetched, NOW + 10, "next"), jwks("main")) == URL
    assert fetched.trouble("next", NOW + 10) is None
    assert wanted(fetched, NOW + 309.9, "next") is None
    assert isinstance(wanted(fetched, NOW + 310, "next"), Shared)
    assert isinstance(wanted(fetched, NOW + 309.9, "other"), Shared)


@pytest.mark.parametrize(("kid", "alg"), [(None, "RS256"), ("main", "ES256")])
def test_a_kid_that_is_known_or_absent_is_no_reason_to_ask(fetched, kid, alg):
    """What does not fit a key that is here would fit no better after a fetch."""
    answer(wanted(fetched, NOW + 10, "x"), jwks("main", "next"))
    assert fetched.find(kid, alg, NOW + 20) is None
    assert fetched.wanted(kid, alg, NOW + 20) is None
    answer(fetched.wanted("y", alg, NOW + 20), AWAY)
    assert fetched.trouble(kid, NOW + 20) is None


def test_failures_lengthen_the_pause_up_to_its_limit(keys):
    """1, 2, 4, 8 seconds, and then as long as between any two fetches; a success starts over."""
    now = NOW
    for pause in (1, 2, 4, 8, 10, 10):
        answer(keys.first(now), AWAY)
        assert keys.first(now + pause - 0.1) is None
        assert wanted(keys, now + pause - 0.1) is None
        now += pause
    answer(keys.first(now), jwks("main"))
    answer(wanted(keys, now + 10, "next"), AWAY)
    assert isinstance(wanted(keys, now + 11, "next"), Shared)


def test_a_thousand_failures_later_the_pause_is_still_a_number():
    """The doubling ends long before a float does."""
    keys = RemoteKeys(ISSUER, URL, "", ["RS256"], FetchRules(300, 604_800, 604_800, 5.0))
    asked = keys.first(NOW)
    for _ in range(1100):
        answer(asked, AWAY)
    assert keys.first(NOW + 65_535.9) is None
    assert isinstance(keys.first(NOW + 65_536), Shared)


def test_a_failure_leaves_the_good_keys_and_says_how_long_they_serve(fetched, caplog):
    """In the log, and to whoever shows a kid that may be new."""
    with caplog.at_level(logging.WARNING):
        answer(wanted(fetched, NOW + 300), HttpReply(500, (), b""))
    why = f"{URL} the issuer: answered 500"
    assert caplog.messages == [f"keys of {ISSUER} can't be fetched ({why}); the last good keys serve for 3300 s more"]
    assert fetched.check_at == NOW + 301
    assert fetched.find("main", "RS256", NOW + 301) is not None
    assert fetched.trouble("next", NOW + 301) == f"the key may be new, and {ISSUER} can't be asked: {why}"
    assert fetched.trouble("main", NOW + 301) is None
    answer(wanted(fetched, NOW + 301), jwks("main"))
    assert fetched.trouble("next", NOW + 302) is None


def test_the_next_try_is_never_put_off_beyond_the_last_good_keys(fetched):
    """Since nothing may be believed from then on."""
    for now in (NOW + 3000, NOW + 3100, NOW + 3200):
        answer(wanted(fetched, now), AWAY)
    answer(wanted(fetched, NOW + 3598), AWAY)
    assert fetched.check_at == NOW + 3600


def test_from_the_end_of_the_good_keys_on_there_are_none(fetched, caplog):
    """And the log says so."""
    with caplog.at_level(logging.WARNING):
        answer(wanted(fetched, NOW + 3600), AWAY)
    assert caplog.messages == [f"keys of {ISSUER} can't be fetched ({URL} http: refused); there are no keys"]
    assert fetched.check_at == -math.inf


def test_the_pause_between_fetches_counts_for_old_keys_too():
    """Where it is longer than keys are fresh."""
    keys = RemoteKeys(ISSUER, URL, "", ["RS256"], FetchRules(5, 10, 3600, 2.0))
    answer(keys.first(NOW), jwks("main"))
    assert wanted(keys, NOW + 5) is None
    assert keys.check_at == NOW + 7
    assert wanted(keys, NOW + 8) is None
    assert keys.check_at == NOW + 10
    assert isinstance(wanted(keys, NOW + 10), Later)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (AWAY, "http: refused"),
        (HttpReply(204, (), b""), "the issuer: answered 204"),
        (HttpReply(200, (), b"<html>"), "is no JSON"),
        (HttpReply(200, (), b'{"keys": []}'), "has no key for RS256: it is empty"),
    ],
)
def test_without_any_keys_the_last_failure_is_the_reason(keys, caplog, reply, why):
    """With the URL that was asked."""
    with caplog.at_level(logging.WARNING):
        answer(keys.first(NOW), reply)
    assert keys.trouble("main", NOW) == f"no keys of {ISSUER}: {URL} {why}"
    assert caplog.messages == [f"keys of {ISSUER} can't be fetched ({URL} {why}); there are no keys"]
    assert keys.check_at == -math.inf


@pytest.mark.parametrize(
    ("later", "version"),
    [(("main",), 0), (("main", "next"), 0), (("next",), 1), ((), 0)],
    ids=["the same", "one more", "another", "none at all"],
)
def test_the_version_grows_when_a_key_is_gone(fetched, later, version):
    """A set that can't be used takes no key away."""
    answer(wanted(fetched, NOW + 300), jwks(*later))
    assert fetched.version == version
    answer(wanted(fetched, NOW + 400, "unheard-of"), jwks("ec", "foreign"))
    assert fetched.version == version + 1


def test_discovery_is_asked_first_and_its_url_is_kept():
    """Until that URL fails: then the issuer may have moved, and is discovered anew."""
    keys = RemoteKeys(ISSUER, "", DOCUMENT, ["RS256"], RULES)
    found = HttpReply(200, (), json.dumps({"issuer": ISSUER, "jwks_uri": URL}).encode())
    assert answer(keys.first(NOW), found) == DOCUMENT
    assert answer(keys.first(NOW), jwks("main")) == URL
    assert answer(wanted(keys, NOW + 300), HttpReply(404, (), b"")) == URL
    assert answer(wanted(keys, NOW + 301), found) == DOCUMENT
    assert answer(wanted(keys, NOW + 310), jwks("main")) == URL
    assert keys.check_at == NOW + 610


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (AWAY, "http: refused"),
        (HttpReply(404, (), b""), "the issuer: answered 404"),
        (HttpReply(200, (), b"[]"), "is no JSON object"),
        (HttpReply(200, (), b'{"issuer": "x"}'), f"is the document of another issuer than {ISSUER}"),
    ],
)
def test_a_failed_discovery_names_the_document(reply, why):
    """And is tried again after the pause, as keys are."""
    keys = RemoteKeys(ISSUER, "", DOCUMENT, ["RS256"], RULES)
    answer(keys.first(NOW), reply)
    assert keys.trouble("main", NOW) == f"no keys of {ISSUER}: {DOCUMENT} {why}"
    assert keys.first(NOW + 0.9) is None
    assert keys.first(NOW + 1).effect.url == DOCUMENT


def test_a_jwks_url_of_plain_http_is_followed_only_where_it_is_allowed():
    """A discovery document can't lift what the policy asks for."""
    found = HttpReply(200, (), json.dumps({"issuer": ISSUER, "jwks_uri": "http://a.example/jwks"}).encode())
    for allow_http, url in ((False, DOCUMENT), (True, "http://a.example/jwks")):
        keys = RemoteKeys(ISSUER, "", DOCUMENT, ["RS256"], FetchRules(300, 10, 3600, 5.0, allow_http))
        answer(keys.first(NOW), found)
        assert keys.first(NOW + 1).effect.url == url
