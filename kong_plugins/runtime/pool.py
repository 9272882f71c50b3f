"""A bounded pool of threads for code that blocks; what does not fit is refused at once instead of past its deadline."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

WAITING_PER_THREAD = 8


class PoolFullError(Exception):
    """All threads are busy, and as many pieces of work as may wait do so."""


class Pool:
    """At most `threads` at work, at most eight times as many waiting."""

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="plugin")
        self._most = threads * (1 + WAITING_PER_THREAD)
        self._count = 0
        self._lock = threading.Lock()

    def submit(self, work: Callable[[], None]) -> None:
        """Run `work` in a thread; raises PoolFullError."""
        with self._lock:
            if self._count >= self._most:
                raise PoolFullError(f"{self._count} pieces of blocking work are running or waiting")
            self._count += 1
        self._executor.submit(self._run, work)

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            with self._lock:
                self._count -= 1

    def stop(self) -> None:
        """Take no more work; what runs is not waited for."""
        self._executor.shutdown(wait=False, cancel_futures=True)
