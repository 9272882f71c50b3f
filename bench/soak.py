"""The sidecar's memory under load: `make soak MINUTES=10`, `python -m bench.soak`.

The reference policy behind Envoy, log and metrics on, a limit in Valkey, a traceparent of its own for each request and
a tenth of the tokens not in memory. Tokens are long and their file goes round, so the memory of verified tokens, which
is bounded in characters, turns over again and again. It is filled first; after that its peaks may not grow. Meanwhile
memory falls too, since it is dropped by halves. What is measured is the resident set of all processes, summed.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.gateway.answers import WrongAnswerError
from bench.gateway.load import LoadError, wrk
from bench.gateway.measure import KNOWN
from bench.gateway.processes import StartError, rss_bytes
from bench.gateway.rows import chosen
from bench.gateway.stand import Live, Stand
from bench.gateway.tokens import Issuer

BUILD = Path(__file__).resolve().parents[1] / ".build" / "bench"
# Longer than half of what the memory of verified tokens holds together, so that no token is still there when it comes
# again; a token is its padding by 4/3 and some 700 characters.
TOKENS, PADDING = 16_000, 2_000
WARM_STEP_S = 5
MIB = 1 << 20
# Growth from the peak of the first half to that of the second one.
BOUND_SHARE, BOUND_BYTES = 0.03, 4 * MIB


def growth_of(rss: Sequence[int]) -> tuple[int, int]:
    """The peak of the first half of the samples, and how much the second half's is above it; in bytes."""
    half = len(rss) // 2
    if half == 0:
        raise ValueError("two samples at least")
    early = max(rss[:half])
    return early, max(rss[half:]) - early


def bound_of(early_bytes: int) -> int:
    """How many bytes it may grow."""
    return int(early_bytes * BOUND_SHARE) + BOUND_BYTES


def main() -> int:
    """0 when memory stayed flat and no answer was refused, 1 when not, 2 when nothing could run."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description="The sidecar's memory stays flat.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--row", default="reference/ours", help="of bench.gateway (%(default)s)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console(highlight=False)
    try:
        return _soak(options.row, options.minutes * 60, console)
    except (StartError, LoadError, WrongAnswerError, ValueError) as error:
        console.print(f"can't run: {error}", style="red", markup=False)
        return 2


def _soak(row: str, seconds: float, console: Console) -> int:
    issuer = Issuer(BUILD / "issuer")
    console.print(f"signing {TOKENS:,} tokens, where they are not there yet …")
    tokens = issuer.file_of("soak", KNOWN + TOKENS, PADDING)
    stand = Stand(chosen(row)[:1], BUILD / "soak", issuer)
    try:
        live = stand.rows[0] if stand.rows else None
        if live is None or live.running is None:
            raise StartError(str(stand.skipped or f"{row} has no process"))
        run = _Run(live, tokens, console)
        while run.fresh < TOKENS:
            run.step(WARM_STEP_S, each=1)
        console.print("filled; from here on it is judged")
        run.rss.clear()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            run.step(max(1, round(seconds / 40)), each=10)
        refused = run.refused + stand.envoy.errors(live.port)
    finally:
        stand.close()
    return _verdict(run.rss, refused, console)


class _Run:
    """Loads a sidecar step by step and notes its memory after each."""

    def __init__(self, live: Live, tokens: Path, console: Console) -> None:
        self._live = live
        self._tokens = tokens
        self._console = console
        self._begin = time.monotonic()
        self.rss: list[int] = []
        self.refused = self.fresh = self.calls = 0

    def step(self, seconds: float, each: int) -> None:
        """Every `each`th request has a token that is not in memory."""
        running = self._live.running
        assert running is not None
        outcome = wrk(
            f"http://127.0.0.1:{self._live.port}/v1/users", seconds, (),
            (f"fresh={self._tokens}", f"known={KNOWN}", f"from={KNOWN}", f"count={TOKENS}",
             f"skip={self.fresh % TOKENS}", f"each={each}", "trace=1"),
        )  # fmt: skip
        os.truncate(running.process.output, 0)
        self.fresh += outcome.fresh_used
        self.refused += outcome.refused + outcome.broken
        self.calls += outcome.calls
        self.rss.append(rss_bytes(running.process.pid))
        took_s, memory = time.monotonic() - self._begin, self.rss[-1] / MIB
        self._console.print(f"{took_s:6.0f} s {self.calls:12,} calls {memory:8.1f} MiB  {self.refused} refused")


def _verdict(rss: Sequence[int], refused: int, console: Console) -> int:
    early, grown = growth_of(rss)
    bound = bound_of(early)
    flat = grown <= bound
    said = f"grew by {grown / MIB:.1f} MiB from {early / MIB:.1f} MiB; {bound / MIB:.1f} MiB are allowed"
    console.print(f"{'[green]flat[/]' if flat else '[red]not flat[/]'}: {said}")
    if refused:
        console.print(f"[red]failed[/]: {refused} answers were refused or broken")
    return 0 if flat and not refused else 1


if __name__ == "__main__":
    sys.exit(main())
