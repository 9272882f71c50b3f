"""Sliding window by two counters: this window's count, and the last one's as far as it still overlaps.

Two numbers whatever the limit; exact only where requests came evenly. Times are in milliseconds, so that a count times
a window stays below 2**53. Bound: at most `limit` requests pass in one window of the clock, and fewer than twice as
many in any window of that length.
"""

from __future__ import annotations

from gateline.limit.verdict import Rate, Verdict
from gateline.limit.window import fault_of, limit_of

SHARED = 1
State = tuple[int, int, int] | None

__all__ = ["advertised", "fault_of", "figures_of", "take"]


def figures_of(rate: Rate) -> tuple[int, int]:
    """The limit, and the window in seconds."""
    return limit_of(rate), rate.window_s


def advertised(figures: tuple[int, ...]) -> tuple[int, int]:
    """The limit and its window."""
    return figures[0], figures[1]


def take(state: State, now_us: int, figures: tuple[int, ...], cost: int) -> tuple[State, Verdict]:
    """The state is the window's start in milliseconds, its count, and the count of the one before."""
    limit, window = figures[0], figures[1] * 1000
    start, count, before = _at(state, now_us // 1000, window)
    elapsed = max(0, now_us // 1000 - start)
    if before * (window - elapsed) + (count + cost) * window <= limit * window:
        count += cost
        retry_us = 0
    else:
        retry_us = max(1, (start + _fits_after(limit, window, (count, before), cost)) * 1000 - now_us)
    used = count * window + before * (window - elapsed)
    remaining = max(0, limit - -(-used // window))
    end = start + (2 * window if count else window if before else 0)
    after = state if retry_us else (start, count, before)
    return after, Verdict(retry_us == 0, remaining, retry_us, max(0, end * 1000 - now_us))


def _at(state: State, now: int, window: int) -> tuple[int, int, int]:
    """The counters as they stand at a time; a clock that goes back stays in the newest window."""
    start = now - now % window
    if state is None or state[0] + 2 * window <= start:
        return start, 0, 0
    if state[0] >= start:
        return state
    return start, 0, state[1]


def _fits_after(limit: int, window: int, counts: tuple[int, int], cost: int) -> int:
    """Milliseconds from the window's start until the cost fits, if nothing else comes."""
    count, before = counts
    if count + cost <= limit:
        return window - (limit - count - cost) * window // before
    if cost >= limit:
        return 2 * window
    return 2 * window - (limit - cost) * window // count
