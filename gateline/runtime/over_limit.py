"""What this process remembers of empty buckets: until a bucket has room again, it refuses without a call to the store.

Nothing but time gives a bucket room, so a refusal's `retry` holds for whoever asks for as much or more of the same
figures. An operator may empty the store, though, so that it is asked again every `HOLD_S` seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gateline.effects import Charge, Level, TakeReply

HOLD_S = 5.0
MOST = 20_000
_UNKNOWN = Level(True, -1, 0.0, 0.0)


class _Empty(NamedTuple):
    charge: Charge
    until_s: float
    retry_at_s: float
    reset_at_s: float


class OverLimit:
    """`clock` is monotonic, in seconds."""

    __slots__ = ("_clock", "_empty", "_most")

    def __init__(self, clock: Callable[[], float], most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._empty: dict[str, _Empty] = {}

    def find(self, charges: tuple[Charge, ...]) -> TakeReply | None:
        """The refusal, where a bucket is known to be empty; how the others stand is not known then (-1 left)."""
        empty = self._empty
        if not empty:
            return None
        for charge in charges:
            if charge.key in empty and self._level(charge) is not None:
                return TakeReply(tuple(self._level(charge) or _UNKNOWN for charge in charges))
        return None

    def note(self, charges: tuple[Charge, ...], levels: tuple[Level, ...]) -> None:
        """Remember the buckets that refused."""
        now_s = self._clock()
        for charge, level in zip(charges, levels, strict=True):
            if level.allowed:
                continue
            self._empty.pop(charge.key, None)
            while len(self._empty) >= self._most:
                del self._empty[next(iter(self._empty))]
            retry_s = level.retry_after_s
            self._empty[charge.key] = _Empty(
                charge, now_s + min(retry_s, HOLD_S), now_s + retry_s, now_s + level.reset_s
            )

    def _level(self, charge: Charge) -> Level | None:
        found = self._empty.get(charge.key)
        if found is None or charge.cost < found.charge.cost or charge.figures != found.charge.figures:
            return None
        now_s = self._clock()
        if now_s >= found.until_s:
            del self._empty[charge.key]
            return None
        return Level(False, 0, found.retry_at_s - now_s, max(0.0, found.reset_at_s - now_s))
