"""The two charge points of a route.

By address before authentication: a flood costs no check of a credential. By identity after it, quotas included. A route
that knows no identity has the first alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateline.limit.buckets import QuotaBuckets, RateBucket
from gateline.limit.config import RateLimit, Tier
from gateline.limit.point import ChargePoint
from gateline.limit.rule import GLOBAL, Rule
from gateline.values.limit import Form


@dataclass(frozen=True, slots=True)
class RouteLimits:
    """What a route's charge points are built from. `own_place` and `global_place` are `file:line`."""

    route_id: str
    own: RateLimit | None
    everywhere: RateLimit | None
    namespace: str
    form: Form
    within_s: float
    tiers: Mapping[str, Tier] = field(default_factory=dict, hash=False)
    hidden: bool = False
    identified: bool = True
    own_place: str = ""
    global_place: str = ""

    @property
    def rules(self) -> list[Rule]:
        """The global rule, then the route's own; the last of them is the one that keys and tiers have figures for."""
        found = []
        for limit, name, place in (
            (self.everywhere, GLOBAL, self.global_place),
            (self.own, self.route_id, self.own_place),
        ):
            if limit is not None and limit.enabled:
                found.append(Rule(limit, name, self.namespace, self.hidden, place, self.tiers))
        return found

    @property
    def place(self) -> str:
        """The place of the nearest rule."""
        rules = self.rules
        return rules[-1].place if rules else ""

    def by_address(self) -> ChargePoint | None:
        """The point before authentication."""
        found = [
            RateBucket(rule, personal=False) for rule in self.rules if rule.limit.key_by == "ip" or not self.identified
        ]
        return ChargePoint(found, self.within_s, self.form) if found else None

    def by_identity(self) -> ChargePoint | None:
        """The point after authorisation."""
        rules = self.rules
        if not rules or not self.identified:
            return None
        own = [rule for rule in rules if rule.limit.key_by != "ip"]
        rates = [RateBucket(rule, personal=rule is rules[-1]) for rule in own]
        return ChargePoint([*rates, QuotaBuckets(rules[-1])], self.within_s, self.form)
