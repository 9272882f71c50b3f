"""The processes that decide, one kind a class: each knows how to start and where it listens."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bench.gateway.processes import Process, free_ports, listens
from bench.gateway.tokens import AUDIENCE, ISSUER, SCOPE, Issuer
from bench.peers.build import build

PolicyOf = Callable[[Issuer, Path], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """What a callout may use: a folder of its own, the issuer, the store, a Python with Gateline."""

    folder: Path
    issuer: Issuer
    store: str
    python: str


@dataclass(frozen=True, slots=True)
class Running:
    """A callout that listens. `admin` is 0 where it has none."""

    process: Process
    ports: tuple[int, ...]
    admin: int = 0

    def lines_dropped(self) -> int:
        """Lines of the decision log that were lost, as it says itself."""
        if not self.admin:
            return 0
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=10) as answer:
            return dropped_in(answer.read().decode())


def dropped_in(exposition: str) -> int:
    """The counter of lost log lines in a text of Prometheus, summed."""
    name = "gateline_log_lines_dropped_total"
    return sum(int(float(line.split()[-1])) for line in exposition.splitlines() if line.startswith(name))


class Callout(Protocol):
    """Something that decides."""

    def start(self, place: Place) -> Running:
        """Start it and wait until it is ready; `StartError` or `BuildError` where it can't."""


@dataclass(frozen=True, slots=True)
class Gateline:
    """`gateline serve`."""

    policy: PolicyOf
    transport: str = "wire"
    workers: int = 1
    stored: bool = False
    under: tuple[str, ...] = ()
    """What runs the interpreter, as `valgrind …` does."""

    def start(self, place: Place) -> Running:
        """As a user starts it, with its standard output in a file."""
        config = place.folder / "gateline.yaml"
        config.write_text(json.dumps(self.policy(place.issuer, place.folder)))
        admin = free_ports(1 + self.workers)
        ports = tuple(range(admin + 1, admin + 1 + self.workers))
        command = [
            *(*self.under, place.python, "-m", "gateline", "serve"),
            *("--config", str(config), "--transport", self.transport),
            *("--listen", f"127.0.0.1:{ports[0]}", "--admin", f"127.0.0.1:{admin}", "--workers", str(self.workers)),
            *("--store", place.store if self.stored else "memory", "--drain", "1", "--log-level", "warning"),
        ]
        process = Process(command, place.folder / "decisions.log")
        process.wait_until(lambda: _ready(admin) and all(map(listens, ports)))
        return Running(process, ports, admin)


def _ready(admin: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{admin}/readyz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class Go:
    """`bench/peers/envoy/authz`: allows all, or verifies a token and its scope."""

    verifies: bool

    def start(self, place: Place) -> Running:
        """Built on first use."""
        port = free_ports(1)
        command = [str(build("authz")), "-listen", f"127.0.0.1:{port}"]
        if self.verifies:
            command += ["-key", str(place.issuer.public_pem), "-issuer", ISSUER, "-audience", AUDIENCE, "-scope", SCOPE]
        return _listening(command, port, place)


@dataclass(frozen=True, slots=True)
class Aio:
    """`bench/peers/aio_allow.py`: grpcio's asyncio server with one constant answer."""

    def start(self, place: Place) -> Running:
        """In a process of its own."""
        port = free_ports(1)
        return _listening([place.python, "-m", "bench.peers.aio_allow", f"127.0.0.1:{port}"], port, place)


def _listening(command: list[str], port: int, place: Place) -> Running:
    process = Process(command, place.folder / "output.log")
    process.wait_until(lambda: listens(port))
    return Running(process, (port,))
