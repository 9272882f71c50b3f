"""Which buckets a request has at a charge point: made once per rule; a request fills in whose."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from gateline.context import Context
from gateline.effects import Charge
from gateline.limit.algorithms.calendar_window import DAY, MONTH
from gateline.limit.catalogue import selectable
from gateline.limit.config import RateLimit, Tier
from gateline.limit.rule import Bucket, Rule
from gateline.limit.subject import of_address, of_key, of_quota, of_user
from gateline.limit.verdict import Figures
from gateline.values.identity import Figures as OwnFigures
from gateline.values.identity import Identity

NONE: Final = OwnFigures()


class RateBucket:
    """The rule's own bucket. `personal`: figures of a key or tier go before the rule's.

    An object of few slots, and what equal limits share lies outside: of thousands of routes each has one, and what it
    leads to must be fetched into the processor's cache.
    """

    __slots__ = ("_algorithm", "_cost", "_head", "_key_by", "_personal", "_plain", "_policy", "_tail", "rule")

    def __init__(self, rule: Rule, *, personal: bool) -> None:
        limit = rule.limit
        self.rule = rule
        self._personal = personal
        self._policy = rule.policy
        self._key_by, self._algorithm, self._cost = limit.key_by, limit.algorithm, limit.cost
        self._head, self._tail = rule.key(limit.algorithm, rule.name)
        self._plain = _plain(limit)

    def __call__(self, context: Context) -> list[Bucket]:
        """The bucket of a request."""
        identity = context.identity
        figures, requests, window_s = self._plain
        subject = _subject(self._key_by, identity)
        if subject is None:
            subject = of_address(context.client)
        elif self._personal and identity is not None and (identity.figures is not None or identity.tier is not None):
            own = own_figures(identity, self.rule.tiers)
            if own.requests_per_minute is not None or own.burst is not None:
                limit = self.rule.limit
                figures = _roomy(limit.figures(own.requests_per_minute, own.burst), limit.cost)
                requests, window_s = selectable()[limit.algorithm].advertised(figures)
        charge = Charge(f"{self._head}{subject}{self._tail}", self._algorithm, figures, self._cost)
        return [Bucket(self.rule, charge, self._policy, requests, window_s)]


@lru_cache(maxsize=1024)
def _plain(limit: RateLimit) -> tuple[Figures, int, int]:
    """A limit's own figures, and how many requests in how many seconds they are told as."""
    figures = limit.figures()
    return (figures, *selectable()[limit.algorithm].advertised(figures))


class QuotaBuckets:
    """The quotas of a request's identity, where it has any; they share the rule's cost, mode and `on_failure`."""

    __slots__ = ("rule",)

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def __call__(self, context: Context) -> list[Bucket]:
        """The buckets of a request."""
        identity = context.identity
        if identity is None or (identity.figures is None and identity.tier is None):
            return []
        rule = self.rule
        own = own_figures(identity, rule.tiers)
        found = []
        for quota, unit, name, policy, window_s in (
            (own.daily_quota, DAY, "day", "daily", 86_400),
            (own.monthly_quota, MONTH, "month", "monthly", 0),
        ):
            if quota is not None:
                head, tail = rule.key("quota", name)
                charge = Charge(f"{head}{of_quota(identity)}{tail}", "calendar_window", (quota, unit), rule.limit.cost)
                found.append(Bucket(rule, charge, policy, quota, window_s, "quota_exhausted"))
        return found


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
