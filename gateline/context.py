"""What the steps of one decision share: the request, and what they found out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateline.values.found_route import NO_ROUTE, FoundRoute
from gateline.values.identity import Identity
from gateline.values.limit import Limits
from gateline.values.request import Request

if TYPE_CHECKING:
    from gateline.values.decision import Decision, Refusal
    from gateline.values.headers import Pair


@dataclass(slots=True, eq=False)
class Note:
    """One line of `explain`: a step, what came of it, why, and the rule's place (`file:line`)."""

    step: str
    outcome: str
    why: str
    rule: str = ""


class Context:
    """Made for one request and thrown away with it; steps write their own fields and no others.

    `client` is the client's address over trusted hops; `path` the target without its query; `remove` names identity
    headers that the client sent; `set_headers` what a step sets on the request, `response_headers` on the answer.
    `limits` tells how each limit stands, `fallbacks` which were let pass or judged alone since the store was away.
    `notes` is None unless somebody asks for an explanation. `would` is what a shadowed rule would have answered.
    `route`, `shadow` (the whole answer will be a bare allow), `step` and `decision` are the pipeline's.
    `state` is what the response half needs of the request half; small and serialisable.

    What nobody writes stays on the class: one is made per request, and this costs a third of setting every field.
    So sequences are tuples: a step adds to one with `+=`.
    """

    path: str = ""
    client: str = ""
    identity: Identity | None = None
    remove: Sequence[str] = ()
    set_headers: tuple[Pair, ...] = ()
    response_headers: tuple[Pair, ...] = ()
    upstream: str | None = None
    route: FoundRoute = NO_ROUTE
    step: str = ""
    decision: Decision | None = None
    would: Refusal | None = None
    limits: Limits | None = None
    fallbacks: tuple[str, ...] = ()
    state: dict[str, Any] | None = None

    def __init__(self, request: Request, shadow: bool = False, notes: list[Note] | None = None) -> None:
        self.request = request
        self.shadow = shadow
        self.notes = notes

    def explain(self, why: str) -> None:
        """Say why the running step came out as it did; costs nothing unless somebody asked."""
        if self.notes is not None:
            self.notes[-1].why = f"{self.notes[-1].why}; {why}" if self.notes[-1].why else why
