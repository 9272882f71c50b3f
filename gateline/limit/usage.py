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

_PERIODS = (("day", DAY), ("month", MONTH))


@dataclass(frozen=True, slots=True)
class Usage:
    """`used` of `quota` in this `day` or `month` of UTC, which ends in `reset_s` seconds."""

    period: str
    used: int
    quota: int
    reset_s: float


def usage_of(
    identity: Identity,
    tiers: Mapping[str, Tier],
    namespace: str,
    take: Callable[[Take], TakeReply],
    within_s: float = 2.0,
) -> list[Usage]:
    """The usage of each quota that the identity has; none where it has no quota. Raises what `take` raises."""
    own = own_figures(identity, tiers)
    quotas = dict(zip(("day", "month"), (own.daily_quota, own.monthly_quota), strict=True))
    subject = of_quota(identity)
    asked = [(period, unit, quota) for period, unit in _PERIODS if (quota := quotas[period]) is not None]
    if not asked:
        return []
    charges = tuple(
        Charge(f"gl:{namespace}:{{{subject}}}:quota:{period}", "calendar_window", (quota, unit), 0)
        for period, unit, quota in asked
    )
    levels = take(Take(charges, within_s)).levels
    return [
        Usage(period, quota - level.remaining, quota, level.reset_s)
        for (period, _, quota), level in zip(asked, levels, strict=True)
    ]
