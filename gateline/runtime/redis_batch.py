"""The commands of one tick of the event loop: one write, one timer, each answered once and in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol

from gateline.values.errors import UnavailableError

_LOG = logging.getLogger(__name__)


class Ask:
    """One command on its way. `done` is called once, with the reply or an `UnavailableError`; None when it was."""

    __slots__ = ("command", "deadline_s", "done", "sent_twice")

    def __init__(self, command: bytes, deadline_s: float, done: Callable[[Any], None]) -> None:
        self.command = command
        self.deadline_s = deadline_s
        self.sent_twice = False
        self.done: Callable[[Any], None] | None = done

    def answer(self, reply: Any) -> None:
        """Answer it, unless it was."""
        done, self.done = self.done, None
        if done is None:
            return
        try:
            done(reply if isinstance(reply, UnavailableError) else self.told(reply))
        except Exception:  # noqa: BLE001  # one that fails must not keep the others from their replies
            _LOG.exception("an answer from the store found nobody who could use it")

    def told(self, reply: Any) -> Any:
        """What is told of a reply: the reply itself."""
        return reply

    def fail(self, why: str) -> None:
        """Answer that the store is of no use."""
        self.answer(UnavailableError("store", why))


class Owner(Protocol):
    """Who sends batches. `late_batches` counts those in a row of which nothing came in time."""

    late_batches: int

    def failed(self, ask: Ask, error: Exception) -> None:
        """An error came in place of a reply."""

    def late(self) -> None:
        """Some of a batch did not come in time."""


class Batch:
    """Asks that were sent together: takes their replies in order, and watches over their deadlines."""

    __slots__ = ("_asks", "_came", "_loop", "_owner", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, asks: list[Ask], owner: Owner) -> None:
        self._loop = loop
        self._asks = asks
        self._came = 0
        self._owner = owner
        self._timer = loop.call_at(min([ask.deadline_s for ask in asks]), self._expire)

    def came(self, reply: Any) -> None:
        """Take the next reply, in time or not."""
        ask = self._asks[self._came]
        self._came += 1
        if self._came == len(self._asks):
            self._timer.cancel()
        if isinstance(reply, Exception):
            self._owner.failed(ask, reply)
        elif ask.done is not None:
            self._owner.late_batches = 0
            ask.answer(reply)

    def _expire(self) -> None:
        # The loop's clock may be a hair short of the time that the timer was set to.
        now = self._loop.time() + 0.001
        waiting = [ask for ask in self._asks if ask.done is not None]
        overdue = [ask for ask in waiting if ask.deadline_s <= now]
        for ask in overdue:
            ask.fail("took too long")
        if overdue:
            self._owner.late()
        if left := [ask.deadline_s for ask in waiting if ask.deadline_s > now]:
            self._timer = self._loop.call_at(min(left), self._expire)
