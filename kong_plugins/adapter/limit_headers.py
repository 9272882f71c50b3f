"""Rate limit headers under the names that Kong's own plugins use, for clients that know them."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from gateline.context import Context
from gateline.limit.headers import tightest
from gateline.values.headers import Pair

LimitHeaders = Callable[[Context], tuple[Pair, ...]]
_WINDOWS = {1: "second", 60: "minute", 3600: "hour", 86_400: "day", 0: "month"}


def kong_limit_headers(context: Context) -> tuple[Pair, ...]:
    """`RateLimit-*` of the tightest limit, and `X-RateLimit-*-Minute` and so on of each window that Kong has."""
    if context.limits is None:
        return ()
    standings = context.limits.standings
    tight = tightest(standings)
    headers = [
        ("ratelimit-limit", str(tight.limit)),
        ("ratelimit-remaining", str(tight.remaining)),
        ("ratelimit-reset", str(ceil(tight.reset_s))),
    ]
    for standing in standings:
        window = _WINDOWS.get(standing.window_s)
        if window is not None:
            headers.append((f"x-ratelimit-limit-{window}", str(standing.limit)))
            headers.append((f"x-ratelimit-remaining-{window}", str(standing.remaining)))
    return tuple(headers)
