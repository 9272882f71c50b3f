"""What the sliding windows have in common: a rate per minute as a limit per window."""

from __future__ import annotations

from gateline.limit.verdict import Rate

LARGEST = 10_000_000


def limit_of(rate: Rate, largest: int = LARGEST) -> int:
    """The limit of a window, rounded down to a whole number that there can be."""
    return max(1, min(largest, rate.requests_per_minute * rate.window_s // 60))


def fault_of(rate: Rate, largest: int = LARGEST) -> str | None:
    """Why `limit_of` would not be what was asked for."""
    limit, rest = divmod(rate.requests_per_minute * rate.window_s, 60)
    if rest:
        return f"{rate.requests_per_minute} requests a minute are not a whole number in {rate.window_s} seconds"
    if limit > largest:
        return f"counts at most {largest} requests a window, not {limit}"
    return None
