"""Deadlines of many items that all get the same time: they expire in the order they came, and one timer serves all."""

import asyncio
from time import monotonic
from typing import Protocol


class Expiring(Protocol):
    """What can run out of time."""

    deadline_s: float

    def expire(self) -> None:
        """The time is up."""


class Deadlines:
    """Items in the order of their deadlines; costs two dict operations an item and one timer a period."""

    def __init__(self, loop: asyncio.AbstractEventLoop, allowed_s: float) -> None:
        self.allowed_s = allowed_s
        self._loop = loop
        self._items: dict[Expiring, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: Expiring) -> None:
        """Start the clock of an item."""
        item.deadline_s = monotonic() + self.allowed_s
        self._items[item] = None
        if self._timer is None:
            self._timer = self._loop.call_later(self.allowed_s, self._tick)

    def discard(self, item: Expiring) -> None:
        """Stop its clock."""
        self._items.pop(item, None)

    def _tick(self) -> None:
        self._timer = None
        now = monotonic()
        due: list[Expiring] = []
        for item in self._items:
            if item.deadline_s > now:
                self._timer = self._loop.call_later(item.deadline_s - now + 0.0005, self._tick)
                break
            due.append(item)
        for item in due:
            self._items.pop(item, None)
        for item in due:
            item.expire()
