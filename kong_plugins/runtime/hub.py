"""What a plugin may ask of the server that runs it: wait for work outside, run blocking code, see the time left.

    reply = hub.wait(lambda resolve, reject: store.submit(charge, resolve, reject))
    rows = hub.in_pool(database.query, "select …")

A plugin is written in plain sequential style and runs on a greenlet of the server's one event loop. `wait` parks it
until a callback fires, and other requests go on meanwhile; when the event's deadline passes first, the client has its
500 already and the greenlet is unwound. On Kong's stock server `current()` is None: there is no loop, and every event
has a thread of its own.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from greenlet import getcurrent

T = TypeVar("T")
Start = Callable[[Callable[[T], None], Callable[[BaseException], None]], None]


class Hub(Protocol):
    """The server, as a plugin sees it."""

    loop: asyncio.AbstractEventLoop
    processes: int
    """How many of its processes share the socket."""

    def submit(self, work: Callable[[], None]) -> None:
        """Run `work` in the bounded pool of threads; raises PoolFullError."""


_installed: list[Hub] = []


def install(hub: Hub | None) -> None:
    """For the server alone, before it loads plugins."""
    _installed[:] = [hub] if hub is not None else []


def current() -> Hub | None:
    """The server that runs this process, None on Kong's stock server. `current().loop` is its asyncio loop."""
    return _installed[0] if _installed else None


def wait(start: "Start[T]") -> T:
    """Call `start(resolve, reject)` on the loop, park the plugin until either is called, return or raise what it got.

    They may be called at once, later, and from any thread; the first call counts. Raises RuntimeError outside of an
    event and of a plugin's `__init__`.
    """
    strand = getcurrent()
    event = getattr(strand, "event", None)
    if event is None:
        raise RuntimeError("hub.wait outside of an event of gateline-kong-server")
    reply: T = event.strand.wait(start)
    return reply


def in_pool(function: Callable[..., T], *arguments: object) -> T:
    """Run blocking code in the server's pool of threads and wait for it.

    Simply runs it where it may block anyway: on the stock server, in a plugin that runs in the pool, outside of events.
    """
    hub = current()
    event = getattr(getcurrent(), "event", None)
    if hub is None or event is None or event.strand.may_block:
        return function(*arguments)

    def start(resolve: Callable[[T], None], reject: Callable[[BaseException], None]) -> None:
        def work() -> None:
            try:
                resolve(function(*arguments))
            except BaseException as error:  # noqa: BLE001 - handed to the plugin, which waits for it
                reject(error)

        hub.submit(work)

    return wait(start)


def remaining_s() -> float | None:
    """Seconds until the event's deadline, None outside of one of our events."""
    event = getattr(getcurrent(), "event", None)
    left: float | None = event.remaining_s() if event is not None else None
    return left
