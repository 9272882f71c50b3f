"""The fence in LuaJIT: it lets pass what has every verdict, and nothing else."""

from __future__ import annotations

import pytest

from gateline.compile.kong.fence import PLUGINS, fence_lua, is_fence, quoted, verdict_key
from tests.kong.lua_function import run_lua

ALL = {verdict_key(name): "pass" for name in PLUGINS}


def test_every_plugin_has_a_key_of_its_own() -> None:
    assert sorted(ALL) == [
        "gateline_jwt",
        "gateline_key_auth",
        "gateline_policy",
        "gateline_rate_limit",
        "gateline_traffic_split",
    ]


def test_a_request_with_every_verdict_goes_on() -> None:
    assert run_lua(fence_lua(PLUGINS), ALL).status is None


@pytest.mark.parametrize("name", PLUGINS)
@pytest.mark.parametrize("verdict", [None, "passed", "", True, 1, False])
def test_a_verdict_that_is_missing_or_another_is_a_503(name: str, verdict: object) -> None:
    shared = {key: value for key, value in {**ALL, verdict_key(name): verdict}.items() if value is not None}
    ran = run_lua(fence_lua(PLUGINS), shared)
    assert ran.status == 503
    assert ran.headers == {"Content-Type": "application/problem+json", "Retry-After": "1"}
    assert ran.body == {
        "type": "urn:gateline:problem:internal_error",
        "title": "The gateway failed",
        "status": 503,
        "code": "internal_error",
        "request_id": "r-1",
    }
    assert ran.log == (f"gateline fence: no verdict in {verdict_key(name)}",)


def test_more_is_expected_on_the_routes_that_have_more() -> None:
    lua = fence_lua(["gateline-policy"], {'a "b" \\c': ["gateline-jwt"], "d": ["traffic-split", "gateline-jwt"]})
    policy = {"gateline_policy": "pass"}
    assert run_lua(lua, policy, route={"name": "other"}).status is None
    assert run_lua(lua, policy, route=None).status is None
    assert run_lua(lua, policy, route={"name": 'a "b" \\c'}).status == 503
    assert run_lua(lua, {**policy, "gateline_jwt": "pass"}, route={"name": 'a "b" \\c'}).status is None
    assert run_lua(lua, {**policy, "gateline_jwt": "pass"}, route={"id": "d"}).status == 503


@pytest.mark.parametrize(("count", "status"), [(0, None), (100, None), (101, 431), (5000, 431)])
def test_headers_beyond_what_plugins_see_are_refused(count: int, status: int | None) -> None:
    assert run_lua(fence_lua(PLUGINS), ALL, headers=count).status == status


@pytest.mark.parametrize(("count", "status"), [(100, None), (101, 414)])
def test_arguments_beyond_what_plugins_see_are_refused(count: int, status: int | None) -> None:
    assert run_lua(fence_lua(PLUGINS), ALL, arguments=count).status == status


def test_a_fence_is_known_by_its_mark() -> None:
    assert is_fence(fence_lua([]))
    assert not is_fence("kong.log('x')")
    assert not is_fence(None)


def test_names_are_quoted() -> None:
    name = 'a"b\\c'
    assert run_lua(f"kong.log.err({quoted(name)})").log == (name,)


def test_it_is_short_enough_to_stand_in_a_file() -> None:
    assert len(fence_lua(PLUGINS).splitlines()) <= 10
