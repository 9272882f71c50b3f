"""What happens before a route's own steps: who the client is, which route it is, and what shadow makes of a refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateline.context import Context
from gateline.pipeline.run import Pipeline
from gateline.values.decision import Allow, Unavailable, deny, unavailable
from gateline.values.found_route import NO_ROUTE
from gateline.values.request import Request
from tests.pipeline.policies import request, snapshot

POLICY = snapshot([])
UNKNOWN = unavailable("unknown_route", "the policy has no route 'gone'")


def decided(asked: Request, **fields: Any) -> Context:
    """The context behind a decision of the policy with other fields."""
    seen: list[Context] = []
    Pipeline(replace(POLICY, **fields), seen.append).decide(asked, explain=True)
    (context,) = seen
    return context


class Failing:
    """A router that is broken."""

    def find(self, asked: Request, path: str) -> Any:
        """Fail."""
        raise RuntimeError(path)


@pytest.mark.parametrize(
    ("asked", "refused", "route"),
    [
        (request("/x"), deny("no_route", "no route for GET /x"), ""),
        (request("/x?q=1"), deny("no_route", "no route for GET /x"), ""),
        (request("/r", route="gone"), UNKNOWN, ""),
        (request("/r//x"), deny("path_not_normal", "doubled at 2"), ""),
        (request("/r//x", route="r"), deny("path_not_normal", "doubled at 2"), "r"),
    ],
    ids=["no route", "query", "unknown name", "path", "path of a named route"],
)
def test_a_refusal_before_any_step_says_why_and_is_none_in_shadow(asked: Request, refused: Any, route: str) -> None:
    """A gateway in shadow refuses nothing, though no route is known yet; a named route has its own mode."""
    context = decided(asked)
    assert (context.decision, context.would) == (refused, None)
    assert (context.notes or [])[-1].why == refused.problem.why
    if not route:
        context = decided(asked, shadow=True)
        assert (context.decision, context.would) == (Allow(metadata=None if asked.route else NO_ROUTE), refused)


def test_a_fault_before_any_step_is_503_and_names_its_place() -> None:
    """As that of a step."""
    decision = decided(request("/x"), router=Failing()).decision
    assert isinstance(decision, Unavailable)
    assert decision.problem.code == "internal_error"
    assert decision.problem.why.startswith("RuntimeError in tests.pipeline.test_enter:")


@pytest.mark.parametrize(
    ("hops", "client"), [(0, "192.0.2.1"), (1, "203.0.113.7"), (2, "203.0.113.8"), (3, "192.0.2.1")]
)
def test_the_client_is_whom_the_trusted_hops_name(hops: int, client: str) -> None:
    """Without any, the peer is the client whatever a header says."""
    forwarded = ("x-forwarded-for", "203.0.113.8, 203.0.113.7")
    assert decided(request("/r", forwarded), trusted_hops=hops).client == client
