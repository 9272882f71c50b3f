"""Plugin servers as processes of their own: ours and the stock one, in temporary directories, ended by their id."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BINARIES = Path(sys.executable).parent
READY = ": ready on "


class Running:
    """A server's process."""

    def __init__(self, command: list[str], path: Path, log: Path) -> None:
        self.path = path
        self.log = log
        self.command = command
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        before = self.text().count(READY) if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, start_new_session=True)
        until = time.monotonic() + 15
        while not (self.text().count(READY) > before if "gateline" in self.command[0] else self._answers()):
            if self.process.poll() is not None or time.monotonic() > until:
                self.end()  # nobody else would: whoever asked for it gets no server
                raise AssertionError(f"it does not start: {self.text()}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.path))
            except OSError:
                return False
            return True

    def text(self) -> str:
        """What it wrote."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wrote(self, text: str) -> bool:
        """Whether it writes that, within two seconds: it answers first, and writes then."""
        until = time.monotonic() + 2
        while text not in self.text() and time.monotonic() < until:
            time.sleep(0.01)
        return text in self.text()

    def send(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.process.pid, number)

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it, and wait."""
        if self.process.poll() is None:
            self.send(signal.SIGCONT)
            self.send(number)
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            return self.process.wait()

    def memory_kib(self) -> int:
        """Its resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))

    def descriptors(self) -> int:
        """How many files it has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def threads(self) -> int:
        """How many threads it has."""
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))


@contextmanager
def ours(directory: Path, plugins: Path, protocol: str, *options: str) -> Iterator[Running]:
    """Our server."""
    path = directory / "s"
    command = [
        str(BINARIES / "gateline-kong-server"),
        "-d",
        str(plugins),
        "--socket",
        str(path),
        "--protocol",
        protocol,
    ]
    server = Running([*command, "--standalone", *options], path, directory / "log")
    try:
        yield server
    finally:
        server.end()


@contextmanager
def stock(directory: Path, plugins: Path, *options: str) -> Iterator[Running]:
    """kong-pdk's own server."""
    command = [
        str(BINARIES / "kong-python-pluginserver"),
        "-d",
        str(plugins),
        "-p",
        str(directory),
        "--socket-name",
        "s",
    ]
    server = Running([*command, "--no-lua-style", *options], directory / "s", directory / "log")
    try:
        yield server
    finally:
        server.end()
