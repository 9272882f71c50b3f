"""Sliding window by log: the times of all requests that passed in the last `window_s` seconds, at most `limit` of them.

Exact, and as large as its limit: that is why the limit is bounded. A refused request leaves no trace.
Bound: at most `limit` requests pass in any window of that length.
"""

from __future__ import annotations

from bisect import bisect_right

from gateline.limit import window
from gateline.limit.verdict import Rate, Verdict

SHARED = 1
LONGEST = 10_000
State = tuple[int, ...] | None


def figures_of(rate: Rate) -> tuple[int, int]:
    """The limit, and the window in seconds."""
    return window.limit_of(rate, LONGEST), rate.window_s


def fault_of(rate: Rate) -> str | None:
    """Why the rate can't be had."""
    return window.fault_of(rate, LONGEST)


def advertised(figures: tuple[int, ...]) -> tuple[int, int]:
    """The limit and its window."""
    return figures[0], figures[1]


def take(state: State, now_us: int, figures: tuple[int, ...], cost: int) -> tuple[State, Verdict]:
    """The state is the times, oldest first; a request counts until just before its window has passed."""
    limit, window_us = figures[0], figures[1] * 1_000_000
    times = state or ()
    at_us = now_us
    if times:
        at_us = max(now_us, times[-1])
        times = times[bisect_right(times, at_us - window_us) :]
    over = len(times) + cost - limit
    if cost and over > 0:
        retry_us = times[over - 1] + window_us - now_us if over <= len(times) else window_us + at_us - now_us
    else:
        retry_us = 0
        state = times = (*times, *(at_us,) * cost)
    reset_us = times[-1] + window_us - now_us if times else 0
    return state, Verdict(retry_us == 0, max(0, limit - len(times)), retry_us, reset_us)
