"""A thread of the pool, for a plugin that calls blocking libraries; its event cannot tell it from a greenlet."""

import queue
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from greenlet import greenlet

from kong_plugins.runtime.strand import EventOver, Outcome, Turn

if TYPE_CHECKING:
    from kong_plugins.runtime.event import Event


class _Shell(greenlet):  # type: ignore[misc] # greenlet ships no types
    """Gives the pool's thread an `event` to be found by."""

    __slots__ = ("event",)


class PoolStrand:
    """A thread of the pool: for plugins that call blocking libraries."""

    __slots__ = ("_box", "_submit", "_turn", "event")
    may_block = True

    def __init__(self, turn: Turn, submit: Callable[[Callable[[], None]], None]) -> None:
        self.event: Any = None
        self._turn = turn
        self._submit = submit
        self._box: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()

    def begin(self, event: "Event") -> None:
        """Put the plugin's code into the pool; raises PoolFullError."""
        self.event = event
        self._submit(self._run)

    def _run(self) -> None:
        if not self.event.over:
            shell = _Shell(self.event.run)
            shell.event = self.event
            shell.switch()
            shell.event = self.event = None

    def resume(self, value: object) -> None:
        """Hand Kong's reply to the thread that waits for it."""
        self._box.put((value, None))

    def stop(self, event: "Event") -> None:
        """Unwind the plugin as soon as it asks for anything; code that blocks cannot be interrupted."""
        if self.event is event:
            self._box.put((None, EventOver()))

    def leave(self) -> None:
        """The plugin's code has ended (in the thread)."""

    def ask(self, send: Callable[..., None], *what: object) -> Any:
        """`send` a PDK call and return Kong's reply (in the thread)."""
        self._turn.loop.call_soon_threadsafe(send, *what)
        return self._take()

    def tell(self, action: Callable[..., None], *what: object) -> None:
        """Do something on the loop (in the thread)."""
        self._turn.loop.call_soon_threadsafe(action, *what)

    def wait(self, start: Callable[[Any, Any], None]) -> Any:
        """See `hub.wait`."""
        outcome = Outcome(lambda: self._box.put((None, None)))

        def begin() -> None:
            try:
                start(outcome.resolve, outcome.reject)
            except BaseException as error:  # noqa: BLE001 - handed to the plugin, which waits for it
                outcome.reject(error)

        self._turn.loop.call_soon_threadsafe(begin)
        self._take()
        return outcome.get()

    def _take(self) -> Any:
        left_s = max(0.0, self.event.deadline_s - monotonic()) + 1.0
        try:
            value, error = self._box.get(timeout=left_s)
        except queue.Empty:
            raise EventOver from None
        if error is not None:
            raise error
        return value
