"""Whether another process of this server has died: each holds a lock for as long as it lives.

When a plugin takes its process down, Kong over ProtoBuf:1 sees a closed connection, starts the instance again and
repeats the request, on the next process: one request would end them all, again and again. So no instance starts while
a process is down, and Kong says 500.
"""

import fcntl
import os
from pathlib import Path


class Peers:
    """The processes of one server, by number."""

    def __init__(self, directory: Path, process: int, count: int) -> None:
        self._directory = directory
        self._process = process
        self._count = count
        self._lock: int | None = None

    def join(self) -> None:
        """Take the lock, one of POSIX: a dying process gives it back before its sockets close; flock comes too late.

        The file gets its name when it is locked: others would take one that is not for a dead process's.
        """
        path = self._path(self._process)
        unlocked = path.with_suffix(".new")
        self._lock = os.open(unlocked, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.lockf(self._lock, fcntl.LOCK_EX)
        unlocked.rename(path)

    def one_is_dead(self) -> bool:
        """Whether a process that has joined does not live any more."""
        return any(self._is_dead(number) for number in range(self._count) if number != self._process)

    def _is_dead(self, number: int) -> bool:
        try:
            descriptor = os.open(self._path(number), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False  # it has not come up yet
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return False
        finally:
            os.close(descriptor)
        return True

    def _path(self, number: int) -> Path:
        return self._directory / f"alive-{number}"
