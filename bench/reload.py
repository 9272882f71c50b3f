"""How late a loop is while a large policy is reloaded or its metrics are read: `python -m bench.reload [--routes N]`.

Another process writes its clock into a pipe every millisecond, and the loop, which reads it, sees how late it is, as a
call of Envoy's would be. Meanwhile a thread reloads the policy, or writes the metrics of as many routes, as a sidecar's
do. What the machine does by itself shows while nothing is done, and while a thread merely counts. `--pieces` runs the
same under a tracer instead and prints what held the interpreter longest, by the thread's own processor clock: there
the machine's load does not show.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import uvloop
import yaml

from gateline.cli.serve import SWITCH_INTERVAL_S
from gateline.runtime.exposition import render, to_json
from gateline.runtime.metrics import Metrics
from gateline.runtime.outcome import ALLOWED, Outcome
from gateline.values.found_route import FoundRoute
from tests.runtime.holding import held_ms
from tests.runtime.test_hold import Reloads, policy

ROUNDS = 5
SPELL_S = 2.0
LEAST_MS = 0.2
CLOCK = struct.Struct("d")
WRITER = """
import os, struct, sys, time
while True:
    time.sleep(0.001)
    os.write(int(sys.argv[1]), struct.pack("d", time.monotonic()))
"""


async def late_ms(run: Callable[[], object]) -> tuple[list[float], float]:
    """How late each reading of the clock was, sorted, while `run` ran on a thread; and how many seconds that took."""
    late: list[float] = []
    read, write = os.pipe()

    def note() -> None:
        data = os.read(read, 4096)
        now = time.monotonic()
        late.extend((now - stamp) * 1000 for (stamp,) in CLOCK.iter_unpack(data))

    loop = asyncio.get_running_loop()
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(write)], pass_fds=(write,))
    try:
        loop.add_reader(read, note)
        while not late:
            await asyncio.sleep(0.1)
        late.clear()
        begun = time.monotonic()
        await asyncio.to_thread(run)
        took_s = time.monotonic() - begun
    finally:
        loop.remove_reader(read)
        writer.kill()
        writer.wait()
        os.close(read)
        os.close(write)
    return sorted(late), took_s


def count() -> None:
    """Count, as a thread may that shares the interpreter and has no long steps."""
    end, number = time.monotonic() + SPELL_S, 0
    while time.monotonic() < end:
        number += 1


def counted(routes: int) -> Metrics:
    """What is counted where every route allowed and refused."""
    metrics = Metrics()
    for number in range(routes):
        for outcome in (ALLOWED, Outcome("deny", 403, "insufficient_scope")):
            metrics.count(FoundRoute(f"r{number}"), outcome, None, 0.001)
    return metrics


def main() -> None:
    """Print a line per kind of work."""
    parser = argparse.ArgumentParser(prog="python -m bench.reload", description="How late a loop is during a reload.")
    parser.add_argument("--routes", type=int, default=10_000)
    parser.add_argument("--pieces", action="store_true", help="what held the interpreter longest; takes minutes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gateline.yaml"
        path.write_text(yaml.dump(policy(options.routes), sort_keys=False, Dumper=yaml.CSafeDumper))
        reload = Reloads(path)
        reload()
        metrics = counted(options.routes)
        gc.freeze()
        works: dict[str, Callable[[], object]] = {
            "reload": reload,
            "scrape": lambda: render(metrics.samples()),
            "worker's samples": lambda: list(to_json(metrics.samples())),
        }
        if options.pieces:
            for name, work in works.items():
                for place, ms in sorted(held_ms(work, LEAST_MS).items(), key=lambda held: -held[1]):
                    print(f"{name:16} {ms:6.2f} ms  {place}")
            return
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        print("late by, ms             50 %    99 %  99.9 %     max   seconds")
        for name, work in {"nothing": lambda: time.sleep(SPELL_S), "counting": count, **works}.items():
            for _ in range(ROUNDS):
                late, took_s = uvloop.run(late_ms(work))
                shares = (late[int(len(late) * share)] for share in (0.5, 0.99, 0.999))
                print(f"{name:20}", *(f"{ms:7.2f}" for ms in (*shares, late[-1])), f"{took_s:9.2f}")


if __name__ == "__main__":
    main()
