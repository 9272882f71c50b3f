"""The processes of the demo: started, watched and ended together."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateline.runtime.supervise import ending

LOOK_S = 0.05
TAIL_LINES = 12


class PartError(Exception):
    """A part of the demo did not start, or died; says which and why."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process. `log` is where its output goes, None where that is ours."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path | None

    def died(self) -> str | None:
        """How and why it ended, None while it runs."""
        code = self.process.poll()
        if code is None:
            return None
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:] if self.log else []
        return "\n".join([f"{self.name} (process {self.process.pid}) {ending(code)}", *(f"  {line}" for line in lines)])


class Parts:
    """All parts, in the order in which they were started. Use it on the main thread alone."""

    def __init__(self, folder: Path, stopping: Callable[[], bool]) -> None:
        """`stopping` says whether to give up waiting, because the user wants to end."""
        self._folder = folder
        self._stopping = stopping
        self._parts: list[Part] = []

    def start(self, name: str, command: Sequence[str], *, fds: Sequence[int] = (), shown: bool = False) -> None:
        """Start a process that ends with ours. `shown`: its output is part of ours."""
        tethered = [sys.executable, "-m", "gateline.demo.tether", str(os.getpid()), *command]
        log = None if shown else self._folder / f"{name}.log"
        output = log.open("wb") if log else None
        try:
            # A session of its own: the terminal's Ctrl-C comes to us, and we end the parts in order.
            process = subprocess.Popen(  # noqa: S603  # the commands are ours
                tethered,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output and subprocess.STDOUT,
                pass_fds=fds,
                start_new_session=True,
            )
        finally:
            if output:
                output.close()
        self._parts.append(Part(name, process, log))

    def check(self) -> None:
        """`PartError` where a part has died."""
        dead = [reason for part in self._parts if (reason := part.died())]
        if dead:
            raise PartError("\n".join(dead))

    def wait(self, name: str, ready: Callable[[], bool], within_s: float) -> bool:
        """Wait until a part is ready; False where the user ended it first."""
        deadline_s = time.monotonic() + within_s
        while not ready():
            if self._stopping():
                return False
            self.check()
            if time.monotonic() > deadline_s:
                log = next((part.log for part in self._parts if part.name == name), None)
                lines = log.read_text(errors="replace").splitlines()[-TAIL_LINES:] if log else []
                raise PartError("\n".join([f"{name} is not ready after {within_s:g} s", *(f"  {x}" for x in lines)]))
            time.sleep(LOOK_S)
        return True

    def end(self, within_s: float = 5.0) -> None:
        """End all, the last first; whoever does not end in time is killed."""
        deadline_s = time.monotonic() + within_s
        for part in reversed(self._parts):
            part.process.terminate()
        for part in reversed(self._parts):
            try:
                part.process.wait(max(0.0, deadline_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                part.process.kill()
                part.process.wait()
