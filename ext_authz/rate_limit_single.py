"""The answer to a call with one descriptor and one limit, which most calls are: all but four numbers is made once.

It says what `rate_limit_answer` would say; a test holds it to that.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor

from ext_authz.encode import varint
from ext_authz.rate_limit_answer import current_limit, header
from gateline.effects import Level
from gateline.limit.domain_plan import Plan
from gateline.limit.domains import UNITS
from gateline.limit.headers import limit_headers
from gateline.values.limit import Form, Standing

Single = Callable[[Level, float], bytes]


def single_of(plan: Plan, form: Form) -> Single | None:
    """From a level and the time (Unix seconds) to the answer; None where the call has more or less than one limit."""
    limit = plan.limits[0]
    if len(plan.limits) != 1 or limit is None or not plan.takes or limit.shadow:
        return None
    policy, known = plan.policies[0], current_limit(limit)
    standing = Standing(policy, limit.requests, UNITS[limit.unit], 0, 0.0)
    fixed = {name: header(name, value.encode()) for name, value in limit_headers([standing], 0.0, form)}
    policy_header, limit_header = fixed.get("ratelimit-policy", b""), fixed.get("x-ratelimit-limit", b"")
    draft, legacy = bool(policy_header), bool(limit_header)

    def answer(level: Level, now_unix_s: float) -> bytes:
        allowed, left, reset_s = level.allowed, level.remaining, level.reset_s
        until_s = reset_s if allowed else level.retry_after_s
        ends = ceil(now_unix_s + until_s)
        wait = ends - floor(now_unix_s)
        remaining = b"\x18" + varint(left) if left else b""
        seconds = varint(ceil(reset_s)) if reset_s > 0 else b""
        until = b"\x22%c\x08%b" % (len(seconds) + 1, seconds) if seconds else b""
        code = b"\x01" if allowed else b"\x02"
        content = b"\x08%b%b%b%b" % (code, known, remaining, until)
        parts = [b"\x08%b\x12%b%b" % (code, varint(len(content)), content)]
        if draft:
            parts += (policy_header, header("ratelimit", f'"{policy}";r={left};t={wait}'.encode()))
        if legacy:
            parts += (
                limit_header,
                header("x-ratelimit-remaining", b"%d" % left),
                header("x-ratelimit-reset", b"%d" % ends),
            )
        if not allowed:
            parts.append(header("retry-after", b"%d" % max(1, wait)))
        return b"".join(parts)

    return answer
