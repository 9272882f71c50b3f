"""How much of its quotas a key or user has used, for `gateline keys usage`: a look that takes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateline.effects import Charge, Take, TakeReply
from gateline.limit.algorithms.calendar_window import DAY, MONTH
from gateline.limit.buckets import own_figures
from gateline.limit.config import Tier
from gateline.limit.subject import of_quota
from gateline.values.identity import Identity

WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Usage:
    """`used` of `quota` in this `day` or `month` of UTC, which ends in `reset_s` seconds."""

    period: str
    used: int
    quota: int
    reset_s: float


def usage_of(
    identity: Identity, tiers: Mapping[str, Tier], namespace: str, take: Callable[[Take], TakeReply]
) -> list[Usage]:
    """The usage of each quota that the identity has; none where it has no quota. Raises what `take` raises."""
    own = own_figures(identity, tiers)
    quotas = [("day", DAY, own.daily_quota), ("month", MONTH, own.monthly_quota)]
    asked = [(period, unit, quota) for period, unit, quota in quotas if quota is not None]
    if not asked:
        return []
    charges = tuple(
        Charge(f"gl:{namespace}:{{{of_quota(identity)}}}:quota:{period}", "calendar_window", (quota, unit), 0)
        for period, unit, quota in asked
    )
    levels = take(Take(charges, WITHIN_S)).levels
    return [
        Usage(period, quota - level.remaining, quota, level.reset_s)
        for (period, _, quota), level in zip(asked, levels, strict=True)
    ]
