"""All domains of a policy, as ShouldRateLimit asks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateline.limit.domain_plan import Asked, Judged, Plan, plan_of
from gateline.limit.domain_tree import DomainTree
from gateline.values.headers import Pair
from gateline.values.limit import Form


@dataclass(frozen=True, slots=True)
class DomainRules:
    """`within_s` is the store's budget; in `shadow` everything is counted and nothing refused or told."""

    trees: Mapping[str, DomainTree] = field(default_factory=dict)
    form: Form = "both"
    within_s: float = 0.05
    shadow: bool = False

    def plan(self, domain: str, asked: Sequence[Asked]) -> Plan:
        """What a call charges; a domain that is not known limits nothing."""
        return plan_of(self.trees.get(domain), asked, self.within_s)

    def headers(self, plan: Plan, judged: Sequence[Judged], now_unix_s: float) -> list[Pair]:
        """What the client is told."""
        return [] if self.shadow else plan.headers(judged, now_unix_s, self.form)
