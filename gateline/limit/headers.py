"""What a client is told of its limits.

`RateLimit-Policy` and `RateLimit` are structured fields (draft-ietf-httpapi-ratelimit-headers-10: §3 and §4, one item
per policy); `X-RateLimit-*` tells the tightest one alone, with its reset as Unix seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import ceil, floor

from gateline.values.headers import Pair
from gateline.values.limit import Form, Standing


def limit_headers(standings: Sequence[Standing], now_unix_s: float, form: Form) -> list[Pair]:
    """The fields of every limit whose standing is known: of `Limits`."""
    if form == "off" or not standings:
        return []
    headers: list[Pair] = []
    if form != "legacy":
        second = floor(now_unix_s)
        policies = limits = comma = ""
        for one in standings:
            policies += comma + _policy(one.policy, one.limit, one.window_s)
            limits += f'{comma}"{one.policy}";r={one.remaining};t={ceil(now_unix_s + one.reset_s) - second}'
            comma = ", "
        headers = [("ratelimit-policy", policies), ("ratelimit", limits)]
    if form != "draft":
        tight = standings[0] if len(standings) == 1 else tightest(standings)
        headers += (
            ("x-ratelimit-limit", f"{tight.limit}"),
            ("x-ratelimit-remaining", f"{tight.remaining}"),
            ("x-ratelimit-reset", f"{ceil(now_unix_s + tight.reset_s)}"),
        )
    return headers


def retry_after(standings: Sequence[Standing], now_unix_s: float) -> Pair:
    """When to come again: never before the reset that the other fields tell (§6)."""
    reset_s = max(standing.reset_s for standing in standings if standing.refused)
    # In whole seconds, as the other fields have it: a client's clock may show no fractions.
    return "retry-after", str(max(1, ceil(now_unix_s + reset_s) - floor(now_unix_s)))


def tightest(standings: Sequence[Standing]) -> Standing:
    """The one that refuses for longest, else the one with the least left."""
    return min(standings, key=lambda s: (not s.refused, -s.reset_s if s.refused else s.remaining, -s.reset_s))


@lru_cache(maxsize=4096)
def _policy(policy: str, limit: int, window_s: int) -> str:
    return f'"{policy}";q={limit};w={window_s}' if window_s else f'"{policy}";q={limit}'
