"""What a step is: a function over the context, or a generator where it needs the world."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, NamedTuple

from gateline.context import Context
from gateline.effects import Effects
from gateline.values.decision import Deny, Reply, Unavailable
from gateline.values.found_route import FoundRoute
from gateline.values.request import Needs

# None: go on. Anything else ends the decision.
Outcome = Deny | Unavailable | Reply | None
Run = Callable[[Context], Outcome | Generator[Effects, Any, Outcome]]


@dataclass(frozen=True, slots=True)
class Step:
    """One step; routes that ask the same have the same. A shadowed step is judged, noted and skipped."""

    name: str
    run: Run
    shadow: bool = False
    needs: Needs = Needs()  # noqa: RUF009  # frozen


class Placed(NamedTuple):
    """A step of a route, and where its rule stands there (`file:line`)."""

    step: Step
    rule: str


@dataclass(slots=True, eq=False)
class BuiltRoute(FoundRoute):
    """A route as it runs.

    `check_s` is how long a decision on it may take. `rule` is its place (`file:line`), `rules` are those of its steps.
    """

    steps: tuple[Step, ...]
    shadow: bool = False
    check_s: float = 0.15
    rule: str = ""
    rules: tuple[str, ...] = ()
    needs: Needs = Needs()  # noqa: RUF009  # frozen
