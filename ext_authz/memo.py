"""Remembers what was worked out for a key; bounded, and forgets everything when it is full."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

MOST = 4096
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memo(dict[K, V], Generic[K, V]):
    """`memo[key]` is `work(key)`. A key that weighs more than `most_weight` is worked out each time."""

    def __init__(self, work: Callable[[K], V], weigh: Callable[[K], int], most_weight: int) -> None:
        super().__init__()
        self._work = work
        self._weigh = weigh
        self._most_weight = most_weight

    def __missing__(self, key: K) -> V:
        value = self._work(key)
        if self._weigh(key) <= self._most_weight:
            if len(self) >= MOST:
                self.clear()
            self[key] = value
        return value
