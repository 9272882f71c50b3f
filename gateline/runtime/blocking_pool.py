"""A bounded pool of threads for code that blocks: a custom method's own client, a slow hash."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from gateline.effects import Answer, InPool
from gateline.values.errors import UnavailableError

THREADS = 8
WAITING = 64


class BlockingPool:
    """Runs at most `threads` at once and lets `waiting` more queue; what comes beyond fails at once.

    Code that does not come back keeps its thread, so a pool that is full stays full: nothing else is harmed.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, threads: int = THREADS, waiting: int = WAITING) -> None:
        self._loop = loop
        self._threads = ThreadPoolExecutor(threads, "gateline-pool")
        self._free = threads + waiting

    def perform(self, effect: InPool, deadline_s: float, done: Any) -> None:
        """Answer the code's result, or an `UnavailableError` where it raises, is late, or finds no place."""
        if self._free <= 0:
            done(UnavailableError("pool", "is full"))
            return
        self._free -= 1
        _Run(self, effect, min(deadline_s, self._loop.time() + effect.within_s), done)

    def start(self, effect: InPool) -> Future[Any]:
        """The code on its way."""
        return self._threads.submit(effect.run)

    def free(self) -> None:
        """One has come back."""
        self._free += 1

    def back(self, callback: Any) -> None:
        """Call back on the loop's thread."""
        with suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            self._loop.call_soon_threadsafe(callback)

    def at(self, deadline_s: float, callback: Any) -> asyncio.TimerHandle:
        """Call back at a time of the loop's clock."""
        return self._loop.call_at(deadline_s, callback)

    def close(self) -> None:
        """Take nothing more and wait for nobody."""
        self._free = 0
        self._threads.shutdown(wait=False, cancel_futures=True)


class _Run:
    """One run, answered once."""

    __slots__ = ("_done", "_pool", "_timer")

    def __init__(self, pool: BlockingPool, effect: InPool, deadline_s: float, done: Any) -> None:
        self._pool = pool
        self._done = done
        self._timer = pool.at(deadline_s, self._late)
        pool.start(effect).add_done_callback(self._ended)

    def _ended(self, future: Future[Any]) -> None:  # on the pool's thread
        self._pool.back(lambda: self._came(future))

    def _came(self, future: Future[Any]) -> None:
        self._pool.free()
        if future.cancelled():
            self._tell(UnavailableError("pool", "is closed"))
            return
        error = future.exception()
        if error is None:
            self._tell(future.result())
        elif isinstance(error, UnavailableError):
            self._tell(error)
        else:
            # The text of a foreign exception may hold a secret.
            self._tell(UnavailableError("pool", type(error).__name__))

    def _late(self) -> None:
        self._tell(UnavailableError("pool", "took too long"))

    def _tell(self, answer: Answer) -> None:
        done, self._done = self._done, None
        self._timer.cancel()
        if done is not None:
            done(answer)
