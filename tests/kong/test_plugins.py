"""Our plugins on our server, over both protocols, and on Kong's stock server: what they ask, and what they answer."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cases_support.keyring import keyring
from tests.cases_support.minting import mint
from tests.kong.driver.request import SimRequest
from tests.kong.site import ALICE, ENTRY, KEY, KINDS, Site, calls, problem, site_of


@pytest.fixture(scope="module", params=KINDS)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_of(request.param, tmp_path_factory.mktemp(request.param)) as found:
        yield found


def test_a_key_takes_three_calls(site: Site) -> None:
    view = site.ask("gateline-key-auth", site.keys(), ("apikey", KEY))
    assert view.passed
    assert calls(view) == ["request.get_headers", "service.request.set_headers", "ctx.shared.set"]
    assert view.shared == {"gateline_key_auth": b"pass"}
    assert view.upstream is not None
    assert view.upstream.header("x-user-id") == [b"alice"]


def test_a_key_that_is_not_known_is_refused_with_the_request_id_of_kong(site: Site) -> None:
    view = site.ask("gateline-key-auth", site.keys(), ("apikey", KEY[:-1] + "9"))
    assert (view.status, view.passed, view.shared) == (401, False, {})
    assert problem(view)["code"] == "unknown_key"
    assert problem(view)["request_id"] == "r-1"
    assert calls(view) == ["request.get_headers", "nginx.get_var", "response.exit"]


def test_no_key_is_challenged_under_the_name_that_it_should_have(site: Site) -> None:
    view = site.ask("gateline-key-auth", site.keys(key_names=["apikey", "x-key"]))
    assert view.status == 401
    assert view.header("www-authenticate") == [b'ApiKey header="apikey"', b'ApiKey header="x-key"']


def test_two_keys_are_refused(site: Site) -> None:
    view = site.ask("gateline-key-auth", site.keys(), ("apikey", KEY), ("apikey", "other"))
    assert view.status in (400, 401)
    assert not view.passed


def test_scopes_are_asked_for(site: Site) -> None:
    assert site.ask("gateline-key-auth", site.keys(scopes=["read"]), ("apikey", KEY)).passed
    view = site.ask("gateline-key-auth", site.keys(scopes=["write"]), ("apikey", KEY))
    assert (view.status, problem(view)["code"]) == (403, "insufficient_scope")


def test_identity_headers_of_the_client_are_removed_in_every_spelling(site: Site) -> None:
    lies = [("X-User-Id", "root"), ("x_user_id", "root"), ("x-tenant", "acme")]
    view = site.ask("gateline-key-auth", site.keys(), ("apikey", KEY), *lies)
    assert view.upstream is not None
    assert view.upstream.header("x-user-id") == [b"alice"]
    assert view.upstream.header("x_user_id") == view.upstream.header("x-tenant") == []


def test_the_consumer_is_authenticated_and_told(site: Site) -> None:
    view = site.ask("gateline-key-auth", site.keys(consumer_by="username"), ("apikey", KEY), ("x-consumer-id", "lie"))
    assert view.consumer is not None
    assert view.consumer[b"id"] == ALICE["id"].encode()  # type: ignore[index]
    assert view.upstream is not None
    told = {name: view.upstream.header(f"x-consumer-{name}") for name in ("id", "username", "custom-id")}
    assert told == {"id": [ALICE["id"].encode()], "username": [b"alice"], "custom-id": [b"c-1"]}
    assert view.upstream.header("x-credential-identifier") == [b"key-1"]


def test_nobody_has_no_consumer_headers(site: Site) -> None:
    config = site.keys(consumer_by="username", anonymous=True)
    view = site.ask("gateline-key-auth", config, ("x-consumer-username", "alice"))
    assert view.passed
    assert view.consumer is None
    assert view.upstream is not None
    assert view.upstream.header("x-consumer-username") == []


CLAIMS = [("X-Consumer-Username", "root"), ("x_consumer_id", "1"), ("x-anonymous-consumer", "true")]


def test_a_client_that_calls_itself_a_consumer_is_not_believed(site: Site) -> None:
    """Whoever trusts Kong's consumer headers must not get a client's, where the plugin says who it is."""
    view = site.ask("gateline-key-auth", site.keys(), ("apikey", KEY), *CLAIMS)
    assert view.upstream is not None
    assert [view.upstream.header(name.lower()) for name, _ in CLAIMS] == [[], [], []]
    assert view.upstream.header("x-user-id") == [b"alice"]


def test_the_consumer_of_a_plugin_before_stays(site: Site) -> None:
    """Here ours says who it is a second time, after one that has told the upstream of a consumer."""
    first = ("gateline-key-auth", site.keys(consumer_by="username"))
    sim = SimRequest(headers=[(b"apikey", KEY.encode())])
    view = site.kong.run(sim, [first, ("gateline-key-auth", site.keys(__plugin_id="second"))])
    assert view.upstream is not None
    assert view.upstream.header("x-consumer-username") == [b"alice"]


def test_a_user_without_consumer_is_refused_unless_it_is_optional(site: Site) -> None:
    entry = {**ENTRY, "user_id": "bob"}
    view = site.ask("gateline-key-auth", site.keys(keys=[entry], consumer_by="username"), ("apikey", KEY))
    assert (view.status, view.passed) == (401, False)
    config = site.keys(keys=[entry], consumer_by="username", consumer_optional=True)
    assert site.ask("gateline-key-auth", config, ("apikey", KEY)).passed


def test_an_id_that_is_no_username_is_no_consumer(site: Site) -> None:
    entry = {**ENTRY, "user_id": ALICE["id"]}
    view = site.ask("gateline-key-auth", site.keys(keys=[entry], consumer_by="username"), ("apikey", KEY))
    assert view.status == 401


def test_custom_id_is_refused_when_the_plugin_starts(site: Site) -> None:
    view = site.ask("gateline-key-auth", site.keys(consumer_by="custom_id"), ("apikey", KEY))
    assert (view.status, view.passed) == (500, False)


def test_a_token_passes_and_another_audience_does_not(site: Site) -> None:

    token = mint({}, keyring(), time.time())
    view = site.ask("gateline-jwt", site.tokens(scopes=["read:users"]), ("authorization", f"Bearer {token}"))
    assert view.passed
    assert len(calls(view)) == 3
    foreign = mint({"claims": {"aud": "other"}}, keyring(), time.time())
    view = site.ask("gateline-jwt", site.tokens(), ("authorization", f"Bearer {foreign}"))
    assert (view.status, problem(view)["code"]) == (401, "invalid_token")


def test_a_limit_tells_under_the_names_of_kong(site: Site) -> None:
    config = {"requests_per_minute": 60, "burst": 2, "__plugin_id": "limit-1"}
    first = site.ask("gateline-rate-limit", config)
    assert first.passed
    assert calls(first) == ["client.get_forwarded_ip", "response.set_headers", "ctx.shared.set"]
    assert first.header("ratelimit-remaining") == [b"1"]
    site.ask("gateline-rate-limit", config)
    view = site.ask("gateline-rate-limit", config)
    assert (view.status, problem(view)["code"]) == (429, "rate_limited")
    assert view.header("ratelimit-remaining") == [b"0"]
    assert int(view.header("retry-after")[0]) >= 1


def test_a_limit_outlives_a_new_configuration_of_kong(site: Site) -> None:
    config = {"requests_per_minute": 1, "burst": 1, "__plugin_id": "limit-2"}
    assert site.ask("gateline-rate-limit", {**config, "__seq__": 1}).passed
    assert site.ask("gateline-rate-limit", {**config, "__seq__": 2}).status == 429
    assert site.ask("gateline-rate-limit", {**config, "__plugin_id": "limit-3"}).passed


def test_a_limit_may_belong_to_the_consumer(site: Site) -> None:
    limit = {"requests_per_minute": 1, "burst": 1, "key_by": "consumer", "__plugin_id": "limit-4"}
    key = ("gateline-key-auth", site.keys(consumer_by="username"))

    def ask(client_ip: str) -> int:
        sim = SimRequest(headers=[(b"apikey", KEY.encode())], client_ip=client_ip)
        return site.kong.run(sim, [key, ("gateline-rate-limit", limit)]).status

    assert [ask("192.0.2.1"), ask("192.0.2.2")] == [200, 429]


def test_a_limit_answers_a_grpc_client_in_its_own_words(site: Site) -> None:
    config = {"requests_per_minute": 1, "burst": 1, "__plugin_id": "limit-5"}
    site.ask("gateline-rate-limit", config)
    view = site.ask("gateline-rate-limit", config, ("content-type", "application/grpc"))
    assert (view.status, view.passed, view.header("grpc-status")) == (200, False, [b"8"])


WEIGHTS = [{"weight": 90, "target": "stable"}, {"weight": 10, "target": "canary"}]


def test_ninety_of_a_hundred_go_to_stable(site: Site) -> None:
    config = {"upstream_weights": WEIGHTS, "__plugin_id": "split-1"}
    views = [site.ask("traffic-split", config) for _ in range(100)]
    assert calls(views[0]) == ["service.set_upstream", "ctx.shared.set"]
    found = Counter(view.upstream.upstream for view in views if view.upstream is not None)
    assert 8 <= found["canary"] <= 12
    assert found["canary"] + found["stable"] == 100


def test_a_session_stays_where_it_is(site: Site) -> None:
    config = {"upstream_weights": WEIGHTS, "sticky_by": "header", "sticky_header": "X-Session"}
    for session in ("a", "b", "c"):
        views = [site.ask("traffic-split", config, ("x-session", session)) for _ in range(8)]
        assert len({view.upstream.upstream for view in views if view.upstream is not None}) == 1


def test_an_upstream_that_kong_lacks_is_a_503(site: Site) -> None:
    view = site.ask("traffic-split", {"upstream_weights": [{"weight": 1, "target": "gone"}]})
    assert (view.status, view.passed, view.shared) == (503, False, {})


def test_a_byte_that_is_no_text_passes_no_plugin_unseen(site: Site) -> None:
    sim = SimRequest(headers=[(b"apikey", b"\xff\xfe"), (b"x-a", b"\xff")])
    fence_passed = []

    def fence(pdk: Any) -> None:
        fence_passed.append(pdk.change.shared.get(b"gateline_key_auth"))

    site.kong.run(sim, [("gateline-key-auth", site.keys())], fence)
    assert b"pass" not in fence_passed
    # The stock server leaves that connection poisoned.
    site.kong.pool.close()
