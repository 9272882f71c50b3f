"""What one ShouldRateLimit call charges, and what comes of the replies; made once per distinct call and kept.

Over if any descriptor is over. What one call charges it charges as a whole or not at all, but for limits in shadow:
those travel by themselves and never refuse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gateline.effects import Charge, Level, Take, TakeReply
from gateline.limit.domain_tree import DomainLimit, DomainTree, Entry
from gateline.limit.domains import UNITS
from gateline.limit.headers import limit_headers, retry_after
from gateline.limit.subject import safe
from gateline.values.errors import UnavailableError
from gateline.values.headers import Pair
from gateline.values.limit import Form, Standing

MOST_HITS = 2**32


@dataclass(frozen=True, slots=True)
class Asked:
    """One descriptor of a call. `hits` 0 only looks; `override` is a limit that the proxy states (requests, unit)."""

    entries: tuple[Entry, ...]
    hits: int = 1
    override: tuple[int, str] | None = None


class Judged(NamedTuple):
    """A descriptor's status: its limit, None where it has none; its level, None where it is not known."""

    limit: DomainLimit | None
    level: Level | None
    over: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """`takes` are charged together; `places` says for each descriptor where its level is: take and index."""

    takes: tuple[Take, ...]
    limits: tuple[DomainLimit | None, ...]
    places: tuple[tuple[int, int] | None, ...]
    policies: tuple[str, ...]

    def judge(self, replies: Sequence[TakeReply | UnavailableError]) -> tuple[Judged, ...]:
        """Each descriptor's status. A shadow's store may fail; `UnavailableError` is raised where another's does."""
        judged = []
        for limit, place in zip(self.limits, self.places, strict=True):
            if limit is None or place is None:
                judged.append(Judged(limit, None, over=False))
                continue
            reply = replies[place[0]]
            if isinstance(reply, UnavailableError):
                if not limit.shadow:
                    raise reply
                judged.append(Judged(limit, None, over=False))
                continue
            level = reply.levels[place[1]]
            judged.append(Judged(limit, level, over=not level.allowed and not limit.shadow))
        return tuple(judged)

    def headers(self, judged: Sequence[Judged], now_unix_s: float, form: Form) -> list[Pair]:
        """What the client is told."""
        standings, refused = [], False
        for policy, one in zip(self.policies, judged, strict=True):
            limit, level = one.limit, one.level
            if limit is not None and level is not None and not limit.shadow and level.remaining >= 0:
                over = one.over
                refused = refused or over
                reset_s = level.retry_after_s if over else level.reset_s
                standings.append(Standing(policy, limit.requests, UNITS[limit.unit], level.remaining, reset_s, over))
        headers = limit_headers(standings, now_unix_s, form)
        if refused:
            headers.append(retry_after(standings, now_unix_s))
        return headers


def plan_of(tree: DomainTree | None, asked: Sequence[Asked], within_s: float) -> Plan:
    """The plan of a call; a domain that is not known limits nothing."""
    limits = _without_replaced([_limit(tree, one) for one in asked])
    groups: tuple[dict[str, Charge], dict[str, Charge]] = ({}, {})
    found: list[tuple[int, str] | None] = []
    for one, limit in zip(asked, limits, strict=True):
        if limit is None or limit.unlimited:
            found.append(None)
            continue
        group = groups[limit.shadow]
        # Two descriptors of one bucket are one charge: the script knows each key once.
        hits = one.hits + (group[limit.key].cost if limit.key in group else 0)
        group[limit.key] = Charge(limit.key, "fixed_window", limit.figures, min(hits, MOST_HITS))
        found.append((limit.shadow, limit.key))
    used = [group for group in groups if group]
    takes = tuple(Take(tuple(group.values()), within_s) for group in used)
    places = tuple(None if at is None else _place(used, groups[at[0]], at[1]) for at in found)
    return Plan(takes, tuple(limits), places, tuple(_policy(*pair) for pair in zip(asked, limits, strict=True)))


def _place(used: list[dict[str, Charge]], group: Mapping[str, Charge], key: str) -> tuple[int, int]:
    return next(i for i, one in enumerate(used) if one is group), list(group).index(key)


def _limit(tree: DomainTree | None, asked: Asked) -> DomainLimit | None:
    if tree is None:
        return None
    return tree.overridden(asked.entries, *asked.override) if asked.override else tree.find(asked.entries)


def _without_replaced(limits: list[DomainLimit | None]) -> list[DomainLimit | None]:
    replaced = {name for limit in limits if limit is not None for name in limit.replaces}
    return [None if limit is not None and limit.name in replaced else limit for limit in limits]


def _policy(asked: Asked, limit: DomainLimit | None) -> str:
    """The limit's name, else its keys; values stay inside."""
    name = limit.name if limit is not None else ""
    return safe(name or ".".join(key for key, _ in asked.entries))
