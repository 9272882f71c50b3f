"""Buckets in this process alone: the store of one process, and the fallback of `on_failure: local`.

Bounded: a bucket is forgotten when it is as if never touched, and beyond `most` buckets the one that was charged
longest ago goes first. An attacker's own bucket is charged all the time, so that it is not the one to go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from gateline.effects import Charge, Level, TakeReply
from gateline.limit.catalogue import catalogue
from gateline.limit.ledger import settle
from gateline.limit.verdict import State, Verdict

MOST = 200_000
_SWEEP = 2  # entries looked at per charge: more than a charge adds on average, so what is over does not pile up


class MemoryStore:
    """`clock` gives Unix microseconds; every method belongs to one thread."""

    def __init__(self, clock: Callable[[], int], most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._algorithms = catalogue()
        # Key -> state and the microsecond of its end; in the order of the last charge.
        self._buckets: dict[str, tuple[State, int]] = {}
        # The walk over all keys that drops what is over, a few steps with each charge.
        self._cursor: Iterator[str] = iter(())
        self._left = 0

    def take(self, charges: tuple[Charge, ...]) -> TakeReply:
        """Check and charge all buckets or none."""
        now_us = self._clock()
        verdicts, kept = settle(charges, [self._state(c.key, now_us) for c in charges], now_us, self._algorithms)
        buckets = self._buckets
        for key, state, end_us in kept:
            buckets.pop(key, None)
            buckets[key] = (state, end_us)
        self._sweep(now_us)
        return TakeReply(tuple(map(level_of, verdicts)))

    def __len__(self) -> int:
        return len(self._buckets)

    def _state(self, key: str, now_us: int) -> State:
        found = self._buckets.get(key)
        return found[0] if found is not None and found[1] > now_us else None

    def _sweep(self, now_us: int) -> None:
        buckets = self._buckets
        while len(buckets) > self._most:
            del buckets[next(iter(buckets))]
        for key in islice(self._cursor, _SWEEP):
            found = buckets.get(key)
            if found is not None and found[1] <= now_us:
                del buckets[key]
        if self._left <= 0:
            self._left = len(buckets)
            self._cursor = iter(list(buckets))
        self._left -= _SWEEP


def level_of(verdict: Verdict) -> Level:
    """A verdict in the words of effects."""
    return Level(verdict.allowed, verdict.remaining, verdict.retry_us / 1e6, verdict.reset_us / 1e6)
