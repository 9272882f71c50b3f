"""What a step is: a function over the context, or a generator where it needs the world."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from gateline.context import Context
from gateline.effects import Effects
from gateline.sanitise.identity_headers import IdentityHeaders
from gateline.values.decision import Deny, Reply, Unavailable
from gateline.values.request import Needs

# None: go on. Anything else ends the decision.
Outcome = Deny | Unavailable | Reply | None
Run = Callable[[Context], Outcome | Generator[Effects, Any, Outcome]]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a route. `rule` is its place (`file:line`); a shadowed step is judged, noted and skipped."""

    name: str
    run: Run
    rule: str = ""
    shadow: bool = False
    needs: Needs = Needs()  # noqa: RUF009  # frozen


@dataclass(frozen=True, slots=True)
class BuiltRoute:
    """A route as it runs. `check_s` is how long a decision on it may take."""

    id: str
    steps: tuple[Step, ...]
    identity_headers: IdentityHeaders
    rule: str = ""
    shadow: bool = False
    needs: Needs = Needs()  # noqa: RUF009  # frozen
    check_s: float = 0.15
