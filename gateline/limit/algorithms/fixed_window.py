"""Fixed window of the server's clock, as envoyproxy/ratelimit counts: seconds since 1970, cut in pieces of one length.

It serves `domains:`. A charge that does not fit closes the window: that is what its counter beyond the limit comes to
there, and it lets a cost that is only known afterwards (a stream's) refuse what follows.
Bound: at most `limit` requests pass in one window.
"""

from __future__ import annotations

from gateline.limit.verdict import Verdict

SHARED = 1
State = tuple[int, int] | None


def take(state: State, now_us: int, figures: tuple[int, ...], cost: int) -> tuple[State, Verdict]:
    """The state is the window's start in seconds and its count; `limit` + 1 is closed."""
    limit, window_s = figures
    start = now_us // 1_000_000
    start -= start % window_s
    count = 0
    if state is not None and state[0] >= start:
        start, count = state
    reset_us = (start + window_s) * 1_000_000 - now_us
    if count + cost <= limit:
        count += cost
        return (start, count), Verdict(True, limit - count, 0, reset_us)
    return (start, limit + 1), Verdict(False, 0, reset_us, reset_us)
