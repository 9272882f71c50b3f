"""Instructions a call of the sidecar's process, for a machine too busy for times: `python -m bench.instructions`.

callgrind counts what the whole process executes in user space between two moments under load: the transport, the
decision, the store's client, the log. It is slow, so the rate means nothing, and batches are not those of full speed;
but a change to the code shows to a few per cent, whatever else the machine does.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from bench.gateway.callouts import Gateline
from bench.gateway.measure import KNOWN, NEW_PER_S, Rounds, new_tokens_wanted
from bench.gateway.rows import Row, chosen
from bench.gateway.stand import Stand
from bench.gateway.tokens import Issuer

BUILD = Path(__file__).resolve().parents[1] / ".build" / "bench"
# What its other threads do anyway is counted first, and taken off.
IDLE_S = 3
# Long enough for each known token to have come; this many new ones come with them at most.
WARM_S = 5
NEW = NEW_PER_S * WARM_S
ROWS = "lean/ours,reference/ours,limits/ours"


def total_in(profile: str) -> int:
    """The instructions of a profile that callgrind wrote; 0 where it has none."""
    found = re.search(r"^totals: (\d+)", profile, re.MULTILINE)
    return int(found[1]) if found else 0


def measure(row: Row, seconds: float) -> tuple[float, Path]:
    """Instructions a call, and the profile for `callgrind_annotate`."""
    assert isinstance(row.callout, Gateline)
    profile = BUILD / f"callgrind.{row.name.replace('/', '-')}"
    for old in BUILD.glob(f"{profile.name}*"):
        old.unlink()
    under = ("valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={profile}")
    callout = dataclasses.replace(row.callout, under=under)
    issuer = Issuer(BUILD / "issuer")
    issuer.file_of("reference", NEW + new_tokens_wanted(1, seconds))
    stand = Stand([dataclasses.replace(row, callout=callout)], BUILD / "callgrind", issuer)
    try:
        if not stand.rows or stand.rows[0].running is None:
            raise SystemExit(f"{row.name}: {stand.skipped}")
        pid = stand.rows[0].running.process.pid
        rounds = Rounds(stand, seconds, lambda _: None)
        rounds.load(stand.rows[0], WARM_S, KNOWN)
        _control("--instr=on", pid)
        time.sleep(IDLE_S)
        _control("--dump", pid)
        outcome = rounds.load(stand.rows[0], seconds, KNOWN + NEW)
        _control("--dump", pid)
        _control("--instr=off", pid)
    finally:
        stand.close()
    idle, busy = (profile.with_name(f"{profile.name}.{part}") for part in (1, 2))
    background = total_in(idle.read_text()) / IDLE_S * outcome.seconds
    return (total_in(busy.read_text()) - background) / outcome.calls, busy


def _control(what: str, pid: int) -> None:
    subprocess.run(["callgrind_control", what, str(pid)], check=True, capture_output=True, timeout=60)


def main() -> int:
    """Print a line a row."""
    parser = argparse.ArgumentParser(prog="python -m bench.instructions", description="Instructions a call.")
    parser.add_argument("--rows", default=ROWS, help="of bench.gateway, one worker each (%(default)s)")
    parser.add_argument("--seconds", type=float, default=8.0)
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("there is no valgrind on this machine: apt-get install valgrind")
        return 2
    BUILD.mkdir(parents=True, exist_ok=True)
    for row in chosen(options.rows):
        count, profile = measure(row, options.seconds)
        print(f"{row.name:24}{count:>12,.0f} instructions a call; {profile}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
