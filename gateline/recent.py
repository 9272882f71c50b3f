"""A bounded memory of what was found out: two generations, so that dropping the old costs nothing per entry."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Holds at most `capacity` (a sum of the entries' weights), and at least the newer half of it.

    When the young generation is full it becomes the old one, and the old one is dropped whole. What is found in the
    old one moves to the young, so what is in use stays: nearly LRU, at the price of one dict look-up a hit.
    """

    __slots__ = ("_half", "_old", "_weight", "_young")

    def __init__(self, capacity: int) -> None:
        self._half = max(1, capacity // 2)
        self._young: dict[K, tuple[V, int]] = {}
        self._old: dict[K, tuple[V, int]] = {}
        self._weight = 0

    def get(self, key: K) -> V | None:
        """The value, None where it is unknown or forgotten."""
        found = self._young.get(key)
        if found is not None:
            return found[0]
        found = self._old.pop(key, None)
        if found is None:
            return None
        self.put(key, *found)
        return found[0]

    def put(self, key: K, value: V, weight: int = 1) -> None:
        """Remember; what weighs more than half the capacity is not kept."""
        self.drop(key)
        if weight > self._half:
            return
        if self._weight + weight > self._half:
            self._old, self._young, self._weight = self._young, {}, 0
        self._young[key] = (value, weight)
        self._weight += weight

    def drop(self, key: K) -> None:
        """Forget one."""
        found = self._young.pop(key, None)
        if found is not None:
            self._weight -= found[1]
        else:
            self._old.pop(key, None)

    def clear(self) -> None:
        """Forget all."""
        self._young, self._old, self._weight = {}, {}, 0

    def drain(self) -> None:
        """Forget all, entry by entry: to free very many at once would keep other threads waiting."""
        for generation in (self._young, self._old):
            while generation:
                generation.popitem()
        self._weight = 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
