"""What a client is told of its limits, as `OkHttpResponse.response_headers_to_add`: of one limit, all but its numbers.

It says what `header_options` would say of `limit_headers`; a test holds it to that. It costs a quarter of them.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, floor
from typing import Final

from ext_authz.encode import HEADS, OVERWRITE, header_options
from gateline.limit.headers import limit_headers
from gateline.values.limit import Limits, Standing

RESPONSE_HEADERS: Final = 6
_HEADS = HEADS[RESPONSE_HEADERS]
_RATELIMIT, _REMAINING, _RESET = _HEADS["ratelimit"], _HEADS["x-ratelimit-remaining"], _HEADS["x-ratelimit-reset"]
_OVERWRITE = OVERWRITE.decode()
# Of a policy's name, so that every length is one octet.
MOST_CHARACTERS = 48


def limit_fields(limits: Limits) -> bytes:
    """The fields, in order."""
    standings, now, form = limits
    one = standings[0]
    fixed = _fixed(one.policy, one.limit, one.window_s) if form == "both" and len(standings) == 1 else None
    if fixed is None:
        return header_options(RESPONSE_HEADERS, limit_headers(standings, now, form), OVERWRITE)
    policy, limit = fixed
    reset_at = ceil(now + one.reset_s)
    remaining, reset = f"{one.remaining}", f"{reset_at}"
    item = f'"{one.policy}";r={remaining};t={reset_at - floor(now)}'
    return (
        f"{policy}{_RATELIMIT[len(item)]}{item}{_OVERWRITE}{limit}{_REMAINING[len(remaining)]}{remaining}{_OVERWRITE}"
        f"{_RESET[len(reset)]}{reset}{_OVERWRITE}"
    ).encode("ascii")


@lru_cache(maxsize=16_384)
def _fixed(policy: str, limit: int, window_s: int) -> tuple[str, str] | None:
    """The fields that are the same for all of a limit; None where the rest can't be told by `HEADS`."""
    if not policy.isascii() or len(policy) > MOST_CHARACTERS:
        return None
    told = dict(limit_headers([Standing(policy, limit, window_s, 0, 0.0)], 0.0, "both"))
    policy_field, limit_field = (
        header_options(RESPONSE_HEADERS, [(name, told[name])], OVERWRITE).decode("ascii")
        for name in ("ratelimit-policy", "x-ratelimit-limit")
    )
    return policy_field, limit_field
