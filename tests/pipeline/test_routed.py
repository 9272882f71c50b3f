"""Where a target leads to is remembered only where nothing but it and the method decides that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateline.context import Context
from gateline.pipeline.run import MAX_TARGET, MAX_TARGETS, Pipeline
from gateline.pipeline.step import BuiltRoute
from gateline.route.router import Match, Router
from gateline.values.decision import Allow, Deny
from gateline.values.headers import Headers
from gateline.values.request import Request
from tests.pipeline.policies import snapshot

MATCHES = (
    Match("plain", "/p"),
    Match("post", "/p", methods=frozenset({"POST"})),
    Match("exact", "/p/exact", exact=True),
    Match("by-header", "/h", headers=(("x-beta", "1"),)),
    Match("no-header", "/h"),
    Match("by-query", "/q", query=(("v", "2"),)),
    Match("no-query", "/q"),
    Match("by-host", "/o", hosts=("a.test",)),
    Match("no-host", "/o"),
    Match("below", "/h/below"),
)
"""Several ways in which a route may depend on more than its path."""


def asked(
    target: str, method: str = "GET", *, host: str = "b.test", route: str | None = None, beta: str = ""
) -> Request:
    headers = Headers.of([("x-beta", beta)] if beta else [])
    return Request(method, target, host, headers, "192.0.2.1", 0.0, route)


@pytest.fixture
def pipeline() -> Pipeline:
    routes = {match.id: BuiltRoute(match.id, ()) for match in MATCHES}
    open_route = BuiltRoute("", ())
    router = Router((match, routes[match.id]) for match in MATCHES)
    return Pipeline(replace(snapshot([]), router=router, routes=routes, unmatched=open_route))


ROWS = [
    (asked("/p"), "plain"),
    (asked("/p", "POST"), "post"),
    (asked("/p?q=1"), "plain"),
    (asked("/p/exact"), "exact"),
    (asked("/p/exact/more"), "plain"),
    (asked("/p", route="no-host"), "no-host"),
    (asked("/p", route="plain"), "plain"),
    (asked("/h", beta="1"), "by-header"),
    (asked("/h"), "no-header"),
    (asked("/h/below"), "below"),
    (asked("/h/below", "POST"), ""),
    (asked("/q?v=2"), "by-query"),
    (asked("/q?v=1"), "no-query"),
    (asked("/o", host="a.test"), "by-host"),
    (asked("/o"), "no-host"),
    (asked("/nowhere"), ""),
]


@pytest.mark.parametrize("turn", [1, -1], ids=["forward", "backward"])
def test_whatever_was_asked_before_each_request_finds_its_route(pipeline: Pipeline, turn: int) -> None:
    seen: list[Context] = []
    watched = Pipeline(pipeline.snapshot, seen.append)
    for request, route in [*ROWS, *ROWS][::turn]:
        assert isinstance(watched.decide(request), Allow)
        assert seen[-1].route.id == route


def test_a_refused_path_is_refused_again_under_every_name(pipeline: Pipeline) -> None:
    for route in (None, "plain", None, "plain"):
        assert isinstance(pipeline.decide(asked("/p/../h", route=route)), Deny)


def test_no_method_makes_a_path_pass_that_is_refused(pipeline: Pipeline) -> None:
    for one, other in ((asked("/y", "GET\n/x"), asked("/x\n/y")), (asked("/x\n/y"), asked("/y", "GET\n/x"))):
        told = [type(pipeline.decide(request)) for request in (one, other)]
        assert told == [Deny if "\n" in request.target else Allow for request in (one, other)]


def test_what_is_remembered_explains_itself_as_ever(pipeline: Pipeline) -> None:
    seen: list[Context] = []
    explaining = Pipeline(pipeline.snapshot, seen.append)
    for explain in (True, False, True):
        explaining.decide(asked("/p"), explain=explain)
    first, quick, again = seen
    assert repr(first.notes) == repr(again.notes)
    assert quick.notes is None
    assert (quick.path, quick.client, quick.route, quick.step) == (
        first.path,
        first.client,
        first.route,
        first.step,
    )


@pytest.mark.parametrize("target", ["/p", "/p?q=1", "/p?", "/p?q=1?r=2"])
@pytest.mark.parametrize("route", [None, "plain"], ids=["found", "named"])
def test_the_path_is_the_target_up_to_its_query_each_time(pipeline: Pipeline, target: str, route: str | None) -> None:
    seen: list[Context] = []
    watched = Pipeline(pipeline.snapshot, seen.append)
    for _ in range(2):
        watched.decide(asked(target, route=route))
    assert [context.path for context in seen] == ["/p"] * 2


def test_a_route_in_shadow_stays_in_shadow(pipeline: Pipeline) -> None:
    found = pipeline.snapshot
    shadowed = replace(found.routes["plain"], shadow=True)
    router = Router([(MATCHES[0], shadowed)])
    seen: list[Context] = []
    again = Pipeline(replace(found, router=router, routes={"plain": shadowed}), seen.append)
    for _ in range(2):
        again.decide(asked("/p"))
    assert [context.shadow for context in seen] == [True] * 2


def test_what_is_remembered_is_bounded_in_number_and_length(pipeline: Pipeline) -> None:
    for number in range(MAX_TARGETS + 10):
        pipeline.decide(asked(f"/p/{number}"))
    assert 0 < len(pipeline._routed) <= MAX_TARGETS
    before = len(pipeline._routed)
    pipeline.decide(asked("/p/" + "a" * (MAX_TARGET - 3)))
    assert len(pipeline._routed) == before + 1
    pipeline.decide(asked("/p/" + "b" * (MAX_TARGET - 2)))
    assert len(pipeline._routed) == before + 1
