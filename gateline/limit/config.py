"""The `rate_limit` of a route, the global one, and tiers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gateline.schema.model import Model

Count = Annotated[int, Field(ge=1, le=10**9)]


class RateLimit(Model):
    """A limit. Refill is `requests_per_minute`/60 a second, capacity is `burst`; a request takes `cost`."""

    enabled: bool = True
    requests_per_minute: Count = 100
    burst: Count = 20
    key_by: Literal["ip", "user_id", "api_key"] = "ip"
    algorithm: Literal["token_bucket"] = "token_bucket"
    cost: Count = 1
    on_failure: Literal["deny", "allow", "local"] = "deny"
    mode: Literal["enforce", "shadow"] = "enforce"


class Tier(Model):
    """The figures of a tier; they go before a route's, and after a key's own."""

    requests_per_minute: Count | None = None
    burst: Count | None = None
    daily_quota: Count | None = None
    monthly_quota: Count | None = None
