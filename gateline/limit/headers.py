"""What a client is told of its limits.

`RateLimit-Policy` and `RateLimit` are structured fields (draft-ietf-httpapi-ratelimit-headers-10: §3 and §4, one item
per policy); `X-RateLimit-*` tells the tightest one alone, with its reset as Unix seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor
from typing import Literal

from gateline.values.headers import Pair
from gateline.values.limit import Standing

Form = Literal["both", "draft", "legacy", "off"]
NAMES = frozenset({"ratelimit-policy", "ratelimit", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"})


def limit_headers(standings: Sequence[Standing], now_unix_s: float, form: Form) -> list[Pair]:
    """The fields of every limit whose standing is known."""
    if form == "off" or not standings:
        return []
    headers: list[Pair] = []
    if form != "legacy":
        headers.append(("ratelimit-policy", ", ".join(map(_policy, standings))))
        headers.append(("ratelimit", ", ".join(_limit(standing, now_unix_s) for standing in standings)))
    if form != "draft":
        tight = tightest(standings)
        headers.append(("x-ratelimit-limit", str(tight.limit)))
        headers.append(("x-ratelimit-remaining", str(tight.remaining)))
        headers.append(("x-ratelimit-reset", str(ceil(now_unix_s + tight.reset_s))))
    return headers


def retry_after(standings: Sequence[Standing], now_unix_s: float) -> Pair:
    """When to come again: never before the reset that the other fields tell (§6)."""
    return "retry-after", str(max(1, _seconds(max(s.reset_s for s in standings if s.refused), now_unix_s)))


def tightest(standings: Sequence[Standing]) -> Standing:
    """The one that refuses for longest, else the one with the least left."""
    return min(standings, key=lambda s: (not s.refused, -s.reset_s if s.refused else s.remaining, -s.reset_s))


def _policy(standing: Standing) -> str:
    window = f";w={standing.window_s}" if standing.window_s else ""
    return f'"{standing.policy}";q={standing.limit}{window}'


def _limit(standing: Standing, now_unix_s: float) -> str:
    return f'"{standing.policy}";r={standing.remaining};t={_seconds(standing.reset_s, now_unix_s)}'


def _seconds(reset_s: float, now_unix_s: float) -> int:
    """Whole seconds until a reset that is also told as a Unix second: a client's clock may show no fractions."""
    return ceil(now_unix_s + reset_s) - floor(now_unix_s)
