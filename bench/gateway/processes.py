"""Processes that a run starts, and the CPU that they have used."""

from __future__ import annotations

import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

READY_S = 120.0
_given: set[int] = set()


class StartError(Exception):
    """A process did not come up."""


def free_ports(count: int) -> int:
    """The first of `count` neighbouring ports that were free just now, and that this process has not given before.

    From below those that the kernel gives to clients: one of them could take it before the server does.
    """
    for _ in range(200):
        first = 12_000 + secrets.randbelow(20_000 - count)
        ports = range(first, first + count)
        if _given.isdisjoint(ports) and all(map(_is_free, ports)):
            _given.update(ports)
            return first
    raise StartError(f"found no {count} free ports in a row")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Process:
    """A program with its output in files; it ends with `close`."""

    def __init__(self, command: list[str], output: Path, environment: Mapping[str, str] | None = None) -> None:
        self.output = output
        self._errors = output.with_suffix(".err")
        # Appended to, so that a log may be emptied meanwhile.
        with output.open("ab") as out, self._errors.open("ab") as err:
            self._process = subprocess.Popen(command, stdout=out, stderr=err, env=environment)
        self.pid = self._process.pid

    def wait_until(self, ready: Callable[[], bool], within_s: float = READY_S) -> None:
        """Return once `ready` says so; `StartError` when the process ends or takes longer."""
        deadline = time.monotonic() + within_s
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = self._errors.read_text(errors="replace")[-600:]
                raise StartError(f"{Path(self._process.args[0]).name} did not come up: {said}")  # type: ignore[index]
            time.sleep(0.05)

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def tree(pid: int) -> list[int]:
    """The process and all below it (proc(5): the parent is the second field after the name)."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it ended meanwhile
            continue
        children.setdefault(parent, []).append(int(folder.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def cpu_s(pid: int) -> float:
    """User and system seconds of a process tree so far.

    Read from each process's CPU clock (clock_getcpuclockid(3)): the same time as utime + stime of /proc/PID/stat, in
    nanoseconds where those count in hundredths of a second.
    """
    return sum(_clock_s(each) for each in tree(pid))


def _clock_s(pid: int) -> float:
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def rss_bytes(pid: int) -> int:
    """Resident memory of a process tree; pages that its processes share count for each."""
    total = 0
    for each in tree(pid):
        try:
            status = Path(f"/proc/{each}/status").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmRSS:"))
    return total
