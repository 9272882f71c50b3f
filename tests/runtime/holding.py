"""How long code holds the interpreter at a time, whatever else the machine does.

A thread gives way where its Python code calls, returns or loops, and nowhere within a call of C. So the longest time
between two lines is what the loop may have to wait for. It is counted by the thread's own processor clock, and a place
counts only where each of several runs took long: what was noise is not at the same place again.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

RUNS = 3


def held_ms(run: Callable[[], object], at_least_ms: float) -> dict[str, float]:
    """Every place where each run of `run` held the interpreter for so long, with the shortest time there."""
    held = _held(run, at_least_ms)
    for _ in range(RUNS - 1):
        if held:
            again = _held(run, at_least_ms)
            held = {place: min(ms, again[place]) for place, ms in held.items() if place in again}
    return held


def _held(run: Callable[[], object], at_least_ms: float) -> dict[str, float]:
    held: dict[str, float] = {}
    clock, at_least_ns = time.thread_time_ns, int(at_least_ms * 1e6)
    last_ns, before = clock(), ("", 0)

    def note(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal last_ns, before
        took_ns = clock() - last_ns
        here = frame.f_code.co_filename, frame.f_lineno
        if took_ns >= at_least_ns:
            place = " → ".join(f"{Path(file).name}:{line}" for file, line in (before, here))
            held[place] = max(took_ns / 1e6, held.get(place, 0.0))
        before = here
        last_ns = clock()
        return note

    sys.settrace(note)
    try:
        run()
    finally:
        sys.settrace(None)
    return held
