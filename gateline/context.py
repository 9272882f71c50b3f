"""What the steps of one decision share: the request, and what they found out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateline.values.identity import Identity
from gateline.values.limit import Standing
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


@dataclass(slots=True, eq=False)
class Context:
    """Made for one request and thrown away with it; steps write their own fields and no others.

    `client` is the client's address over trusted hops; `path` the target without its query; `remove` names identity
    headers that the client sent; `set_headers` what a step sets on the request, `response_headers` on the answer.
    `standings` tells how each limit stands, `fallbacks` which were let pass or judged alone since the store was away.
    `notes` is None unless somebody asks for an explanation. `would` is what a shadowed rule would have answered.
    `route_id`, `check_s`, `shadow` (the whole answer will be a bare allow), `step` and `decision` are the pipeline's.
    """

    request: Request
    path: str = ""
    client: str = ""
    identity: Identity | None = None
    remove: Sequence[str] = ()
    set_headers: list[Pair] = field(default_factory=list)
    response_headers: list[Pair] = field(default_factory=list)
    upstream: str | None = None
    route_id: str = ""
    check_s: float = 0.15
    shadow: bool = False
    step: str = ""
    decision: Decision | None = None
    would: Refusal | None = None
    notes: list[Note] | None = None
    standings: list[Standing] = field(default_factory=list)
    fallbacks: list[str] = field(default_factory=list)
    # What the response half needs of the request half; small and serialisable.
    state: dict[str, Any] | None = None

    def explain(self, why: str) -> None:
        """Say why the running step came out as it did; costs nothing unless somebody asked."""
        if self.notes is not None:
            self.notes[-1].why = f"{self.notes[-1].why}; {why}" if self.notes[-1].why else why
