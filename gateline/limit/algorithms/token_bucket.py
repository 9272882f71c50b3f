"""Token bucket: `burst` tokens at most, `requests_per_minute` of them come back each minute, a request takes `cost`.

The level is kept in 60-millionths of a token, so that a minute's refill is a whole number of them each microsecond.
Bound: at most capacity + elapsed x rate requests pass.
"""

from __future__ import annotations

from gateline.limit.verdict import Rate, Verdict

UNIT = 60_000_000
SHARED = 2
State = tuple[int, int] | None


def figures_of(rate: Rate) -> tuple[int, int]:
    """Capacity and refill per minute."""
    return rate.burst, rate.requests_per_minute


def fault_of(_: Rate) -> str | None:
    """Any rate can be had."""
    return None


def advertised(figures: tuple[int, ...]) -> tuple[int, int]:
    """The capacity, and how long it takes to come back whole."""
    capacity, per_minute = figures
    return capacity, max(1, -(-capacity * 60 // per_minute))


def take(state: State, now_us: int, figures: tuple[int, ...], cost: int) -> tuple[State, Verdict]:
    """The state is the level and when it was so; a clock that goes back gives nothing and takes nothing."""
    capacity, per_minute = figures
    full = capacity * UNIT
    level, behind_us = full, 0
    if state is not None:
        level, at_us = state
        behind_us = max(0, at_us - now_us)
        level = min(full, level + max(0, now_us - at_us) * per_minute)
    wanted = cost * UNIT
    retry_us = 0
    if level >= wanted:
        level -= wanted
    else:
        retry_us = behind_us - (level - wanted) // per_minute
    reset_us = behind_us - (level - full) // per_minute
    after = state if retry_us else (level, now_us + behind_us)
    return after, Verdict(retry_us == 0, level // UNIT, retry_us, reset_us)
