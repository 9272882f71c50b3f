"""Raw transports, a constant answer, side by side in one run: `python -m bench.transport`.

What is measured is the CPU time, user and system, of the server's process per call: that is what a sidecar costs. The
client is grpc-go (`bench.peers`). Each round runs every row once, so that a busy machine slows all of them; medians.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench.peers.build import build
from ext_authz import grpcio_transport, wire
from ext_authz.rpc import Call

CHECK = "/envoy.service.auth.v3.Authorization/Check"
ANSWER = bytes.fromhex("0a001200")
SERVE = {"wire": wire.serve, "grpcio": grpcio_transport.serve}


@dataclass(frozen=True, slots=True)
class Row:
    """A transport and what its client sends."""

    name: str
    transport: str
    options: tuple[str, ...]
    calls: int


def rows(calls: int) -> list[Row]:
    """grpcio gets a tenth of the calls: it is that much slower."""
    both = []
    for transport, count in (("wire", calls), ("grpcio", calls // 10)):
        both.append(Row(f"{transport}", transport, (), count))
        both.append(Row(f"{transport}, traceparent varies", transport, ("-trace",), count))
    return both


async def _serve(transport: str, listen: str) -> None:
    def constant(_message: bytes, _call: Call) -> bytes:
        return ANSWER

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = await SERVE[transport]({CHECK: constant}, listen)
    print(server.address, flush=True)
    await stop.wait()
    await server.close()


class ServerProcess:
    """A server in a process of its own, and the CPU time that it has used."""

    def __init__(self, transport: str) -> None:
        command = [sys.executable, "-m", "bench.transport", "--serve", transport]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()

    def cpu_s(self) -> float:
        """User and system time so far, of all its threads (proc(5))."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(10)


def measure(row: Row, client: Path, workers: int) -> tuple[float, float]:
    """CPU microseconds of the server and wall-clock calls per second, after a warm-up."""
    server = ServerProcess(row.transport)
    try:
        command = [str(client), "-target", server.address, "-workers", str(workers), *row.options]
        subprocess.run([*command, "-calls", str(row.calls // 10)], check=True, capture_output=True, timeout=60)
        before_s = server.cpu_s()
        done = subprocess.run([*command, "-calls", str(row.calls)], check=True, capture_output=True, timeout=120)
        used_s = server.cpu_s() - before_s
    finally:
        server.stop()
    report = json.loads(done.stdout)
    if report["errors"]:
        raise SystemExit(f"{row.name}: {report['errors']} calls failed: {report['first_error']}")
    return used_s / row.calls * 1e6, row.calls / report["seconds"]


def main() -> None:
    """Measure, print a table and, if asked, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", choices=SERVE, help=argparse.SUPPRESS)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.serve:
        uvloop.run(_serve(options.serve, "127.0.0.1:0"))
        return
    client = build("grpcload")
    table = rows(options.calls)
    results: dict[str, list[tuple[float, float]]] = {row.name: [] for row in table}
    for _ in range(options.rounds):
        for row in table:
            results[row.name].append(measure(row, client, options.workers))
    summary = {
        name: {
            "cpu_us": round(statistics.median(c for c, _ in runs), 1),
            "rps": round(statistics.median(r for _, r in runs)),
        }
        for name, runs in results.items()
    }
    print(f"{'transport':32}{'CPU µs a call':>14}{'calls/s':>10}")
    for name, figures in summary.items():
        print(f"{name:32}{figures['cpu_us']:>14}{figures['rps']:>10}")
    if options.json:
        options.json.write_text(json.dumps(summary, indent=2) + "\n")


if __name__ == "__main__":
    main()
