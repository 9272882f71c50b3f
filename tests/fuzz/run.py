"""`make fuzz MINUTES=n`: half of the time Hypothesis, half atheris where it is installed (it follows coverage).

python -m tests.fuzz.run MINUTES
"""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
import time
import traceback
from importlib.util import find_spec
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.targets import SEEDS, TARGETS

WORDS = [part for text in SEEDS for part in (text, text[: len(text) // 2], text[len(text) // 2 :])]
PIECES = st.one_of(
    st.binary(max_size=60), st.sampled_from(WORDS), st.text(max_size=30).map(lambda t: t.encode("utf-8", "replace"))
)
FAULT = "found a fault"
INPUTS = st.lists(PIECES, max_size=5).map(b"".join)


def by_hypothesis(name: str, until_s: float) -> int:
    """Examples of one target until the time is over; an assertion shows the smallest that breaks the law."""
    rounds = 0
    while rounds == 0 or time.monotonic() < until_s:

        @seed(rounds)
        @settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(INPUTS)
        def holds(raw: bytes) -> None:
            TARGETS[name](raw)

        holds()
        rounds += 1
    return rounds * 300


def by_atheris(name: str, for_s: int) -> int:
    """One target in a process of its own (libFuzzer ends its process); its exit code."""
    with tempfile.TemporaryDirectory() as corpus:
        for number, text in enumerate(SEEDS):
            (Path(corpus) / str(number)).write_bytes(text)
        command = [sys.executable, "-m", "tests.fuzz.one", name, corpus, f"-max_total_time={for_s}", "-max_len=4096"]
        done = subprocess.run([*command, "-verbosity=0"], check=False, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout, done.stderr[-6000:], sep="\n")
    return done.returncode


def tried(name: str, share_s: float) -> str:
    """What Hypothesis has to say of a target; what it finds is shown, and the other targets still have their turn."""
    try:
        return f"{by_hypothesis(name, time.monotonic() + share_s)} examples"
    except Exception:  # noqa: BLE001  # whatever a target raises is the finding
        traceback.print_exc()
        return FAULT


def main() -> int:
    """Fuzz every target for its share of the time; 0 where the law holds."""
    logging.disable(logging.CRITICAL)
    seconds = float(sys.argv[1]) * 60 if len(sys.argv) > 1 else 60.0
    with_atheris = find_spec("atheris") is not None
    share_s = seconds / len(TARGETS) / (2 if with_atheris else 1)
    failed = []
    for name in TARGETS:
        found = [tried(name, share_s)]
        if with_atheris:
            found.append(f"atheris {FAULT if by_atheris(name, max(1, int(share_s))) else 'none'}")
        print(f"{name}: {', '.join(found)}", flush=True)
        failed += [name] if any(FAULT in text for text in found) else []
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
