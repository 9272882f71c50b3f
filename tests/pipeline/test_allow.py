"""What an allow carries: edits, headers of the answer, the upstream and the route, remembered per identity or not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateline.context import Context
from gateline.pipeline.build import Snapshot
from gateline.pipeline.run import Pipeline
from gateline.pipeline.step import BuiltRoute, Step
from gateline.route.router import Match, Router
from gateline.sanitise.identity_headers import IdentityHeaders
from gateline.values.decision import Allow, RequestEdits, deny
from gateline.values.found_route import FoundRoute
from gateline.values.identity import MAX_MEMOS, Identity
from gateline.values.limit import Limits, Standing
from tests.pipeline.policies import HEADERS, request, snapshot

OURS = (("x-user-id", "alice"),)
LEFT = (("x-left", "1"),)
MINE = (("x-mine", "1"),)
SENT = ("x_user_id", "root")


def writes(identity: Identity | None, **fields: Any) -> Step:
    """A step that sets fields of the context."""

    def run(context: Context) -> None:
        context.identity = identity
        for name, value in fields.items():
            setattr(context, name, value)

    return Step("writes", run)


@pytest.mark.parametrize(
    ("fields", "headers", "edits", "rest"),
    [
        ({}, (), RequestEdits(OURS), ((), None)),
        ({}, (SENT,), RequestEdits(OURS, ("x_user_id",)), ((), None)),
        ({"set_headers": MINE}, (), RequestEdits((*MINE, *OURS)), ((), None)),
        ({"upstream": "canary"}, (), RequestEdits(OURS), ((), "canary")),
        ({"response_headers": LEFT}, (), RequestEdits(OURS), (LEFT, None)),
        ({"response_headers": LEFT, "set_headers": MINE}, (), RequestEdits((*MINE, *OURS)), (LEFT, None)),
        ({"response_headers": LEFT, "upstream": "a"}, (SENT,), RequestEdits(OURS, ("x_user_id",)), (LEFT, "a")),
    ],
    ids=["bare", "client's own", "set", "upstream", "response", "response and set", "all but set"],
)
def test_an_allow_carries_what_the_steps_wrote_each_time(
    fields: dict[str, Any], headers: tuple[tuple[str, str], ...], edits: RequestEdits, rest: tuple[Any, Any]
) -> None:
    """The first of an identity's decisions on a route, and the next, which remembers."""
    alice = Identity("alice", "test")
    pipeline = Pipeline(snapshot([writes(alice, **fields)]))
    for _ in range(2):
        assert pipeline.decide(request("/r", *headers)) == Allow(alice, edits, *rest, FoundRoute("r"))


@pytest.mark.parametrize("fields", [{}, {"response_headers": LEFT}, {"set_headers": MINE}], ids=["bare", "told", "set"])
def test_an_allow_tells_how_limits_stand_each_time(fields: dict[str, Any]) -> None:
    """Also where the rest of it is remembered."""
    limits = Limits((Standing("r", 5, 3, 4, 0.6),), 1.0, "both")
    pipeline = Pipeline(snapshot([writes(Identity("alice", "test"), limits=limits, **fields)]))
    for _ in range(2):
        decision = pipeline.decide(request())
        assert isinstance(decision, Allow)
        assert (decision.limits, decision.response_headers) == (limits, fields.get("response_headers", ()))


@pytest.mark.parametrize("fields", [{}, {"response_headers": LEFT}], ids=["bare", "response"])
def test_an_allow_of_nobody_names_its_route_and_no_other(fields: dict[str, Any]) -> None:
    """What is remembered for requests without an identity is remembered for each route."""
    pipeline = Pipeline(snapshot([writes(None, **fields)], unmatched=True))
    for target, route in (("/r", "r"), ("/x", ""), ("/r", "r")):
        decision = pipeline.decide(request(target))
        assert isinstance(decision, Allow)
        assert (decision.identity, decision.request_edits) == (None, RequestEdits())
        assert decision.metadata == FoundRoute(route)


@pytest.mark.parametrize("route", [None, "r"], ids=["found", "named"])
def test_each_of_two_identities_is_told_as_itself_each_time(route: str | None) -> None:
    """Nobody passes by what another one's request left behind."""
    users = {name: Identity(name, "test") for name in ("alice", "bob")}

    def knows(context: Context) -> None:
        context.identity = users.get(context.request.headers.first("x-name") or "")

    pipeline = Pipeline(snapshot([Step("knows", knows)]))
    for name in ("alice", "bob", "", "alice", "", "bob"):
        decision = pipeline.decide(request("/r", ("x-name", name), route=route))
        edits = RequestEdits((("x-user-id", name),) if name else ())
        assert decision == Allow(users.get(name), edits, (), None, None if route else FoundRoute("r"))


def test_one_identity_under_two_policies_is_told_as_each_of_them_says() -> None:
    """A verified credential outlives the policy: what it remembers of the old one is not used by the new one."""
    policy = snapshot([writes(Identity("alice", "test"))])
    renamed = replace(policy, identity_headers=IdentityHeaders({"user_id": "x-sub"}))
    told = [Pipeline(one).decide(request()) for one in (policy, renamed, policy)]
    assert [one.request_edits.set for one in told if isinstance(one, Allow)] == [OURS, (("x-sub", "alice"),), OURS]


def test_an_identity_that_no_header_can_carry_says_so() -> None:
    """To pass without that header would be to pass as somebody else."""
    refused = deny("forbidden", "the identity has a value that no header can carry")
    for fields in ({}, {"response_headers": LEFT}, {"upstream": "a"}):
        assert Pipeline(snapshot([writes(Identity("a\nb", "test"), **fields)])).decide(request()) == refused


@pytest.mark.parametrize("identity", [None, Identity("alice", "test")], ids=["nobody", "alice"])
def test_what_a_client_claims_to_be_is_removed_each_time_and_only_then(identity: Identity | None) -> None:
    """Whatever is remembered of a request that claimed nothing, and the other way round."""
    pipeline = Pipeline(snapshot([writes(identity)]))
    removed = []
    for sent in ((), (SENT,), (), (SENT,)):
        decision = pipeline.decide(request("/r", *sent))
        assert isinstance(decision, Allow)
        removed.append(decision.request_edits.remove)
    assert removed == [(), ("x_user_id",), (), ("x_user_id",)]


def test_an_identity_never_remembers_more_than_its_bound() -> None:
    """One that outlives many policies forgets those of old ones, and is told right all the same."""
    alice = Identity("alice", "test")
    for _ in range(2 * MAX_MEMOS + 2):
        decision = Pipeline(snapshot([writes(alice)])).decide(request())
        assert decision == Allow(alice, RequestEdits(OURS), (), None, FoundRoute("r"))
        assert len(alice.memo) <= MAX_MEMOS


def test_one_identity_has_the_same_edits_on_every_route_and_another_policy_gives_its_own() -> None:
    """So an adapter encodes them once; each route still tells its own name."""
    identity = Identity("dora", "test")

    def knows(context: Context) -> None:
        context.identity = identity

    step = (Step("knows", knows),)
    routes = {name: BuiltRoute(name, step) for name in ("r", "other")}
    router = Router([(Match(name, f"/{name}"), route) for name, route in routes.items()])
    found = Snapshot("rev", router, routes, None, HEADERS)
    one, other = (Pipeline(found).decide(request("/r")), Pipeline(found).decide(request("/r")))
    pipeline = Pipeline(found)
    first, second = pipeline.decide(request("/r")), pipeline.decide(request("/other"))
    assert isinstance(first, Allow)
    assert isinstance(second, Allow)
    assert first.request_edits is second.request_edits
    assert first.request_edits.set == (("x-user-id", "dora"),)
    assert (first.metadata, second.metadata) == (FoundRoute("r"), FoundRoute("other"))
    assert isinstance(one, Allow)
    assert isinstance(other, Allow)
    assert one.request_edits is not other.request_edits
