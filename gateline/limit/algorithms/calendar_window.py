"""Quotas: windows of the calendar, days and months of UTC.

Bound: at most `limit` requests pass in one day or month.
"""

from __future__ import annotations

from gateline.limit.verdict import Verdict

SHARED = 1
DAY, MONTH = 0, 1
DAY_US = 86_400_000_000
State = tuple[int, int] | None


def take(state: State, now_us: int, figures: tuple[int, ...], cost: int) -> tuple[State, Verdict]:
    """The state is the window's first day (counted from 1970) and its count."""
    limit, unit = figures
    start, end = window_of(now_us // DAY_US, unit)
    count = 0
    if state is not None and state[0] >= start:
        start, count = state
        end = window_of(start, unit)[1]
    reset_us = end * DAY_US - now_us
    if count + cost <= limit:
        count += cost
        return (start, count), Verdict(True, limit - count, 0, reset_us)
    return state, Verdict(False, max(0, limit - count), reset_us, reset_us)


def window_of(day: int, unit: int) -> tuple[int, int]:
    """The first day of the window that a day lies in, and the first day after it."""
    if unit == DAY:
        return day, day + 1
    year, month = civil(day)
    return days_until(year, month), days_until(year + month // 12, month % 12 + 1)


def civil(day: int) -> tuple[int, int]:
    """Year and month of a day, by the arithmetic that the Lua twin has (400 years are 146,097 days)."""
    shifted = day + 719_468
    era, of_era = divmod(shifted, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    from_march = (5 * of_year + 2) // 153
    month = from_march + 3 if from_march < 10 else from_march - 9
    return era * 400 + year + (1 if month <= 2 else 0), month


def days_until(year: int, month: int) -> int:
    """The first day of a month, counted from 1970."""
    if month <= 2:
        year -= 1
    era, of_era = divmod(year, 400)
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
