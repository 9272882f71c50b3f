"""A limit as it runs: the rule, and a bucket of it for one request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import NamedTuple

from gateline.effects import Charge, Level
from gateline.limit.config import RateLimit, Tier
from gateline.values.limit import Standing

GLOBAL = "*"  # as a rule's name in a store key: no route can be called so


@dataclass(frozen=True, slots=True)
class Rule:
    """A `rate_limit`. `name` is the route's id, or `*` for the global one; `place` is `file:line`.

    `hidden` charges under `shadow:` since the whole route is in shadow; a rule in shadow does so by itself.
    """

    limit: RateLimit
    name: str
    namespace: str
    hidden: bool = False
    place: str = ""
    tiers: Mapping[str, Tier] = field(default_factory=dict)

    @property
    def shadow(self) -> bool:
        """Whether this rule alone is judged, noted and skipped."""
        return self.limit.mode == "shadow"

    @property
    def policy(self) -> str:
        """Its name in the headers."""
        return "global" if self.name == GLOBAL else self.name

    def key(self, kind: str, name: str) -> tuple[str, str]:
        """What stands before and behind the subject in a store key."""
        shadow = "shadow:" if self.hidden or self.shadow else ""
        # What stands before is one text for all rules, which stays in the processor's cache.
        return intern(f"gl:{self.namespace}:{{"), f"}}:{shadow}{kind}:{name}"


class Bucket(NamedTuple):
    """One bucket of one request: what is charged, and how it is told. `window_s` 0 is a month."""

    rule: Rule
    charge: Charge
    policy: str
    limit: int
    window_s: int
    code: str = "rate_limited"

    def standing(self, level: Level) -> Standing:
        """How it stands after the charge."""
        reset_s = level.reset_s if level.allowed else level.retry_after_s
        return Standing(self.policy, self.limit, self.window_s, level.remaining, reset_s, not level.allowed)
