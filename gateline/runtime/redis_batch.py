"""The commands of one tick of the event loop: one write, one timer, each answered once and in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from gateline.values.errors import UnavailableError

_LOG = logging.getLogger(__name__)


class Ask:
    """One command on its way. `done` is called once, with the reply or an `UnavailableError`."""

    __slots__ = ("_done", "command", "deadline_s", "sent_twice")

    def __init__(self, command: bytes, deadline_s: float, done: Callable[[Any], None]) -> None:
        self.command = command
        self.deadline_s = deadline_s
        self.sent_twice = False
        self._done: Callable[[Any], None] | None = done

    @property
    def waits(self) -> bool:
        """Whether it has not been answered."""
        return self._done is not None

    def answer(self, reply: Any) -> None:
        """Answer it, unless it was."""
        done, self._done = self._done, None
        if done is None:
            return
        try:
            done(reply)
        except Exception:  # noqa: BLE001  # one that fails must not keep the others from their replies
            _LOG.exception("an answer from the store found nobody who could use it")

    def fail(self, why: str) -> None:
        """Answer that the store is of no use."""
        self.answer(UnavailableError("store", why))


class Batch:
    """Watches over the deadlines of asks that were sent together. `late` is told when some of them were not kept."""

    __slots__ = ("_asks", "_late", "_left", "_loop", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, asks: list[Ask], late: Callable[[], None]) -> None:
        self._loop = loop
        self._asks = asks
        self._left = len(asks)
        self._late = late
        self._timer = loop.call_at(min(ask.deadline_s for ask in asks), self._expire)

    def one_came(self) -> None:
        """A reply came, in time or not."""
        self._left -= 1
        if self._left == 0:
            self._timer.cancel()

    def _expire(self) -> None:
        # The loop's clock may be a hair short of the time that the timer was set to.
        now = self._loop.time() + 0.001
        waiting = [ask for ask in self._asks if ask.waits]
        overdue = [ask for ask in waiting if ask.deadline_s <= now]
        for ask in overdue:
            ask.fail("took too long")
        if overdue:
            self._late()
        if left := [ask.deadline_s for ask in waiting if ask.deadline_s > now]:
            self._timer = self._loop.call_at(min(left), self._expire)
