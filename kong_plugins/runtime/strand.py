"""Where a plugin's code runs: a greenlet of the event loop; for plugins that block see `pool_strand`.

Both give the plugin its sequential style. The event knows nothing of the difference: it calls `begin` and `resume` on
the loop, and the plugin's side calls `ask` and `wait`.
"""

import asyncio
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from greenlet import greenlet

if TYPE_CHECKING:
    from kong_plugins.runtime.event import Event


MOST_IDLE = 256


class EventOver(BaseException):
    """Unwinds a plugin whose event is decided; no `except Exception` stops it."""


class Outcome:
    """What a wait ended with; the first of `resolve` and `reject` counts."""

    __slots__ = ("_wake", "done", "error", "value")

    def __init__(self, wake: Callable[[], None]) -> None:
        self.done = False
        self.value: Any = None
        self.error: BaseException | None = None
        self._wake = wake

    def resolve(self, value: Any) -> None:
        """It worked."""
        self._settle(value, None)

    def reject(self, error: BaseException) -> None:
        """It failed."""
        self._settle(None, error)

    def _settle(self, value: Any, error: BaseException | None) -> None:
        if not self.done:
            self.value, self.error, self.done = value, error, True
            self._wake()

    def get(self) -> Any:
        """The value; raises the error."""
        if self.error is not None:
            raise self.error
        return self.value


class LoopStrand(greenlet):  # type: ignore[misc] # greenlet ships no types
    """A greenlet of the loop's thread; it runs one event after the other, because making one costs as much as an event.

    `running` of the turn tells the watchdog whose code is on the processor.
    """

    __slots__ = ("_outcome", "_turn", "event")
    may_block = False

    def __init__(self, turn: "Turn") -> None:
        super().__init__(self._live)
        self.event: Any = None  # so that a late caller finds no event
        self._turn = turn
        self._outcome: Outcome | None = None

    def _live(self) -> None:
        idle = self._turn.idle
        while True:
            copy_context().run(self.event.run)  # what a plugin puts into a ContextVar stays with its event
            self.event = self._outcome = None
            if len(idle) >= MOST_IDLE:
                return
            idle.append(self)
            self.parent.switch()

    def begin(self, event: "Event") -> None:
        """Run the plugin until it first waits."""
        self.event = event
        self._turn.enter(event)
        self.switch()
        self._turn.running = None

    def resume(self, value: object) -> None:
        """Hand Kong's reply to the plugin and run it until it waits again."""
        self._turn.enter(self.event)
        self.switch(value)
        self._turn.running = None

    def stop(self, event: "Event") -> None:
        """Unwind the plugin of `event`, if it still runs here."""
        if self.event is event:
            self._turn.enter(event)
            self.throw(EventOver)
            self._turn.running = None

    def leave(self) -> None:
        """The plugin's code has ended (on its side)."""
        self._turn.running = None

    def ask(self, send: Callable[..., None], *what: object) -> Any:
        """`send` a PDK call and return Kong's reply (on the plugin's side)."""
        self._turn.running = None
        send(*what)
        return self.parent.switch()

    def tell(self, action: Callable[..., None], *what: object) -> None:
        """Do something on the loop (on the plugin's side)."""
        self._turn.running = None
        action(*what)
        self._turn.enter(self.event)

    def wait(self, start: Callable[[Any, Any], None]) -> Any:
        """See `hub.wait`."""
        outcome = Outcome(self._wake)
        start(outcome.resolve, outcome.reject)
        if not outcome.done:
            if self.event.over:
                raise EventOver
            self._outcome = outcome
            self._turn.running = None
            self.parent.switch()
        return outcome.get()

    def _wake(self) -> None:
        outcome = self._outcome
        if outcome is not None:  # else `start` itself has settled it, and nobody is parked
            loop = self._turn.loop
            here = threading.get_ident() == self._turn.thread_id
            (loop.call_soon if here else loop.call_soon_threadsafe)(self._continue, outcome)

    def _continue(self, outcome: Outcome) -> None:
        if self._outcome is outcome and not self.event.over:
            self._outcome = None
            self.resume(None)


class Turn:
    """Whose code is on the processor, and since when: one for each server."""

    __slots__ = ("count", "idle", "loop", "running", "thread_id")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.thread_id = threading.get_ident()
        self.running: Event | None = None
        self.count = 0
        self.idle: list[LoopStrand] = []

    def strand(self) -> LoopStrand:
        """A strand that is free."""
        return self.idle.pop() if self.idle else LoopStrand(self)

    def enter(self, event: "Event") -> None:
        """Code of `event` goes on now."""
        self.count += 1
        self.running = event
