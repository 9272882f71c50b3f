"""Starts `gateline run` as a user does, with a policy of its own folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

READY_S = 60.0


def wait_until(true: Callable[[], bool], within_s: float = 30.0) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


def descendants(pid: int) -> dict[int, str]:
    """All processes below one, with their command lines."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found: dict[int, str] = {}
    waiting = [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            try:
                command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            found[child] = command
            waiting.append(child)
    return found


def cpu_s(pid: int) -> float:
    """The CPU time that a process has used; unlike the clock, it says the same on a busy machine."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Demo:
    """A running `gateline run`; output goes to files, so that nothing ever waits for a reader."""

    def __init__(self, repository: Path, folder: Path, port: int) -> None:
        self.port = port
        self.gateway_file = folder / "gateline.yaml"
        if not self.gateway_file.exists():
            shutil.copy(repository / "gateline.yaml", self.gateway_file)
        self._out, self._err = folder / "out", folder / "err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gateline", "run", "-c", self.gateway_file, "--port", str(port)],
                stdout=out,
                stderr=err,
                env={**os.environ, "PYTHONPATH": str(repository)},
                cwd=folder,
            )

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    def wait_ready(self) -> Demo:
        wait_until(lambda: "ready " in self.out or self.process.poll() is not None, READY_S)
        assert self.process.poll() is None, self.err
        return self

    @property
    def lines(self) -> list[str]:
        """The lines to try."""
        return [line for line in self.out.splitlines() if line.startswith(("curl ", "for "))]

    def parts(self) -> dict[int, str]:
        return descendants(self.process.pid)

    def part(self, word: str) -> int:
        """The process whose command line holds a word."""
        return next(pid for pid, command in self.parts().items() if word in command)

    def end(self, number: int = signal.SIGTERM, within_s: float = 15.0) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(within_s)


def shell(line: str) -> str:
    """What a line prints, run by bash."""
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=30, check=False)
    return done.stdout.replace("\r", "")
