"""Instance ids that are never used twice, over restarts and processes.

Kong keeps an id over a restart of the server and names nothing else in an event, so that a used id would let another
configuration answer: a request passes without its key. Ids are taken in blocks from a file beside the socket, under a
lock; the clock is the floor, for the case that the file is lost with its container.
"""

import fcntl
import os
import threading
import time
from pathlib import Path

BLOCK = 64
LARGEST = (1 << 31) - 1
_EPOCH_UNIX_S = 1_735_689_600  # 2025-01-01
_PER_S = 16  # without its file, a restart takes a used id only if more than 16 instances a second were started


class InstanceIds:
    """Hands out ids, each once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next = self._end = 0
        self._lock = threading.Lock()  # a plugin that blocks starts in a thread of the pool

    def take(self) -> int:
        """A positive id of 31 bits; raises OSError when the file cannot be written."""
        with self._lock:
            if self._next >= self._end:
                self._next = self._reserve()
                self._end = self._next + BLOCK
            self._next += 1
            return self._next - 1

    def _reserve(self) -> int:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            written = os.read(descriptor, 32).strip()
            used = int(written) if written.isdigit() else 0
            floor = int((time.time() - _EPOCH_UNIX_S) * _PER_S) % (LARGEST - BLOCK)
            start = used if floor <= used < LARGEST - BLOCK and used - floor < LARGEST // 2 else max(1, floor)
            os.pwrite(descriptor, f"{start + BLOCK:<20}\n".encode(), 0)
            return start
        finally:
            os.close(descriptor)
