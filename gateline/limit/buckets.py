"""Which buckets a request has at a charge point: functions made once per rule; a request fills in whose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from gateline.context import Context
from gateline.effects import Charge
from gateline.limit.algorithms.calendar_window import DAY, MONTH
from gateline.limit.catalogue import selectable
from gateline.limit.config import Tier
from gateline.limit.rule import Bucket, Rule
from gateline.limit.subject import of_address, of_key, of_quota, of_user
from gateline.limit.verdict import Figures
from gateline.values.identity import Figures as OwnFigures
from gateline.values.identity import Identity

BucketsOf = Callable[[Context], list[Bucket]]
NONE: Final = OwnFigures()


def rate_bucket(rule: Rule, *, personal: bool) -> BucketsOf:
    """The rule's own bucket. `personal`: figures of a key or tier go before the rule's."""
    limit, policy = rule.limit, rule.policy
    head, tail = rule.key(limit.algorithm, rule.name)
    advertised = selectable()[limit.algorithm].advertised
    plain = limit.figures()
    plain_told = advertised(plain)

    def buckets(context: Context) -> list[Bucket]:
        subject = _subject(limit.key_by, context.identity)
        figures, (requests, window_s) = plain, plain_told
        if subject is None:
            subject = of_address(context.client)
        elif personal and context.identity is not None:
            own = own_figures(context.identity, rule.tiers)
            if own.requests_per_minute is not None or own.burst is not None:
                figures = _roomy(limit.figures(own.requests_per_minute, own.burst), limit.cost)
                requests, window_s = advertised(figures)
        charge = Charge(f"{head}{subject}{tail}", limit.algorithm, figures, limit.cost)
        return [Bucket(rule, charge, policy, requests, window_s)]

    return buckets


def quota_buckets(rule: Rule) -> BucketsOf:
    """The quotas of a request's identity, where it has any; they share the rule's cost, mode and `on_failure`."""
    day, month = rule.key("quota", "day"), rule.key("quota", "month")
    cost = rule.limit.cost

    def buckets(context: Context) -> list[Bucket]:
        identity = context.identity
        if identity is None:
            return []
        own = own_figures(identity, rule.tiers)
        found = []
        for quota, unit, (head, tail), policy, window_s in (
            (own.daily_quota, DAY, day, "daily", 86_400),
            (own.monthly_quota, MONTH, month, "monthly", 0),
        ):
            if quota is not None:
                charge = Charge(f"{head}{of_quota(identity)}{tail}", "calendar_window", (quota, unit), cost)
                found.append(Bucket(rule, charge, policy, quota, window_s, "quota_exhausted"))
        return found

    return buckets


def own_figures(identity: Identity, tiers: Mapping[str, Tier]) -> OwnFigures:
    """The figures of a credential, each of them else its tier's."""
    key = identity.figures or NONE
    tier = tiers.get(identity.tier) if identity.tier is not None else None
    if tier is None:
        return key
    return OwnFigures(
        _first(key.requests_per_minute, tier.requests_per_minute),
        _first(key.burst, tier.burst),
        _first(key.daily_quota, tier.daily_quota),
        _first(key.monthly_quota, tier.monthly_quota),
    )


def _subject(key_by: str, identity: Identity | None) -> str | None:
    """The bucket's owner by identity; None where it goes by address."""
    if identity is None or key_by == "ip":
        return None
    return of_user(identity) if key_by == "user_id" else of_key(identity)


def _first(figure: int | None, other: int | None) -> int | None:
    return figure if figure is not None else other


def _roomy(figures: Figures, cost: int) -> Figures:
    """Room for one request at least: a tier's burst may be smaller than a route's cost."""
    return figures if figures[0] >= cost else (cost, *figures[1:])
