"""Several processes on one socket: started, watched and ended by a parent that runs no plugin."""

import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import FrameType

from kong_plugins.runtime import process
from kong_plugins.runtime.settings import Settings

AGAIN_S = 1.0
END_S = 5.0


class Workers:
    """The parent. A worker that dies is started again, at most once a second."""

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        memory = Path("/dev/shm")  # noqa: S108 - a private directory is made in it
        directory = tempfile.mkdtemp(prefix="gateline-kong-", dir=memory if memory.is_dir() else None)
        self._settings = settings
        self._of_workers = replace(settings, shared=Path(directory), parent_pid=os.getpid())
        self._listener = listener
        self._running: dict[int, int] = {}
        self._due: dict[int, float] = {}
        self._stopping = False

    def run(self) -> None:
        """Until SIGTERM, SIGINT or the end of the parent."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._on_stop)
        try:
            for number in range(self._settings.processes):
                self._start(number)
            while not self._stopping:
                self._reap()
                self._start_due()
                time.sleep(0.05)
                if self._settings.parent_pid not in {None, os.getppid()}:
                    break
        finally:
            self._end()
            if self._of_workers.shared is not None:
                shutil.rmtree(self._of_workers.shared, ignore_errors=True)

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stopping = True

    def _start(self, number: int) -> None:
        pid = os.fork()
        if pid:
            self._running[pid] = number
            return
        try:
            process.run(self._of_workers, self._listener, lambda: None, number)
        except BaseException as error:  # noqa: BLE001 - the child must not run the parent's code
            sys.stderr.write(f"gateline-kong-server: process {number}: {type(error).__name__}: {error}\n")
            os._exit(1)

    def _reap(self) -> None:
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            number = self._running.pop(pid)
            sys.stderr.write(f"gateline-kong-server: process {number} ended ({status}); it starts again\n")
            self._due[number] = time.monotonic() + AGAIN_S

    def _start_due(self) -> None:
        for number, due in list(self._due.items()):
            if time.monotonic() >= due:
                del self._due[number]
                self._start(number)

    def _end(self) -> None:
        for pid in self._running:
            os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + END_S
        while self._running and time.monotonic() < until:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            self._running.pop(pid, None)
            time.sleep(0.01)
        for pid in self._running:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
