"""The sidecar's memory under load: `make soak MINUTES=10`, `python -m bench.soak`.

The reference policy behind Envoy, log and metrics on, a limit in Valkey, a traceparent of its own for each request and
a tenth of the tokens not in memory. Tokens are long and their file goes round, so the memory of verified tokens, which
is bounded in characters, fills and turns over; after that nothing may grow. Memory is the resident set, summed.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
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
from bench.gateway.stand import Stand
from bench.gateway.tokens import Issuer

BUILD = Path(__file__).resolve().parents[1] / ".build" / "bench"
# Longer than half of what the memory of verified tokens holds together, so that no token is still there when it comes
# again; a token is its padding by 4/3 and some 700 characters.
TOKENS, PADDING = 16_000, 2_000
MIB = 1 << 20
# Growth from the median of the second quarter to that of the last one.
BOUND_SHARE, BOUND_BYTES = 0.03, 4 * MIB


def growth_of(rss: Sequence[int]) -> tuple[int, int]:
    """The median of the second quarter of the samples, and how much the last quarter's is above it; in bytes.

    The first quarter is not judged: memories fill in it.
    """
    quarter = len(rss) // 4
    if quarter == 0:
        raise ValueError("four samples at least")
    early = int(statistics.median(rss[quarter : 2 * quarter]))
    return early, int(statistics.median(rss[-quarter:])) - early


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
        pid = live.running.process.pid
        step_s = max(1, round(seconds / 40))
        rss, refused, calls, at, begin = [rss_bytes(pid)], 0, 0, 0, time.monotonic()
        while time.monotonic() - begin < seconds:
            varying = (f"fresh={tokens}", f"known={KNOWN}", f"from={KNOWN}", f"count={TOKENS}", f"skip={at}", "trace=1")
            outcome = wrk(f"http://127.0.0.1:{live.port}/v1/users", step_s, (), varying)
            at = (at + outcome.fresh_used) % TOKENS
            refused += outcome.refused + outcome.broken
            calls += outcome.calls
            rss.append(rss_bytes(pid))
            os.truncate(live.running.process.output, 0)
            took_s = time.monotonic() - begin
            console.print(f"{took_s:6.0f} s {calls:12,} calls {rss[-1] / MIB:8.1f} MiB  {refused} refused")
        refused += stand.envoy.errors(live.port)
    finally:
        stand.close()
    return _verdict(rss[1:], refused, console)


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
