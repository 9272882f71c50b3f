"""Where decisions are made: on the plugin server's own loop, or, under Kong's stock server, on one of ours.

The stock server gives each event a thread, or a greenlet of its own; the pipeline belongs to one thread. So there a
loop runs on a thread in the background, and an event waits for it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from functools import cache
from typing import Any, TypeVar

from kong_plugins.runtime import hub

T = TypeVar("T")
Start = Callable[[Callable[[T], None], Callable[[BaseException], None]], None]
# An effect gives up at its deadline; this is for a loop that does not turn at all.
_GRACE_S = 1.0
_START_S = 10.0


def wait(start: Start[T], within_s: float) -> T:
    """Call `start(resolve, reject)` on the loop and wait for either."""
    if hub.current() is not None:
        return hub.wait(start)
    future: Future[T] = Future()

    def begin() -> None:
        try:
            start(future.set_result, future.set_exception)
        except BaseException as error:  # noqa: BLE001  # handed to who waits
            future.set_exception(error)

    loop().call_soon_threadsafe(begin)
    return future.result(within_s + _GRACE_S)


def on_loop(run: Callable[[], T]) -> T:
    """The result of a function that runs on the loop's thread; callable from any thread, and from the loop's own."""
    if _is_here():
        return run()
    future: Future[T] = Future()

    def begin() -> None:
        try:
            future.set_result(run())
        except BaseException as error:  # noqa: BLE001  # handed to who waits
            future.set_exception(error)

    loop().call_soon_threadsafe(begin)
    return future.result(_START_S)


def until(begin: Callable[[], Awaitable[object]]) -> None:
    """Wait for what is awaited on the loop; callable from any thread but the loop's own."""

    async def ended() -> None:
        await begin()

    asyncio.run_coroutine_threadsafe(ended(), loop()).result(_START_S)


def _is_here() -> bool:
    try:
        return asyncio.get_running_loop() is loop()
    except RuntimeError:
        return False


def loop() -> asyncio.AbstractEventLoop:
    """The loop of this process."""
    server = hub.current()
    return server.loop if server is not None else _background()


@cache
def _background() -> asyncio.AbstractEventLoop:
    made: Any = asyncio.new_event_loop()
    threading.Thread(target=made.run_forever, name="gateline-loop", daemon=True).start()
    return made  # type: ignore[no-any-return]
