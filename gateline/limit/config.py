"""The `rate_limit` of a route, the global one, and tiers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from gateline.limit.catalogue import selectable
from gateline.limit.verdict import Figures, Rate
from gateline.schema.model import Model

Count = Annotated[int, Field(ge=1, le=10**9)]
# A level is kept in 60-millionths of a token and stays below 2**53.
Burst = Annotated[int, Field(ge=1, le=10**8)]
if TYPE_CHECKING:
    AlgorithmTag = str
else:
    AlgorithmTag = Literal[tuple(sorted(selectable()))]


class RateLimit(Model):
    """A limit. Refill is `requests_per_minute`/60 a second, capacity is `burst`; a request takes `cost`.

    A sliding window has no burst: it lets the minute's requests pass, or their share of `window_s` seconds.
    """

    enabled: bool = True
    requests_per_minute: Count = 100
    burst: Burst = 20
    key_by: Literal["ip", "user_id", "api_key"] = "ip"
    algorithm: AlgorithmTag = "token_bucket"
    window_s: Annotated[int, Field(ge=1, le=86_400)] = 60
    """How long a sliding window is."""
    cost: Count = 1
    on_failure: Literal["deny", "allow", "local"] = "deny"
    mode: Literal["enforce", "shadow"] = "enforce"

    @model_validator(mode="after")
    def _fits(self) -> RateLimit:
        given = self.model_fields_set
        if self.algorithm == "token_bucket" and "window_s" in given:
            raise ValueError("a token bucket has no window: leave `window_s` out, or choose a sliding window")
        if self.algorithm != "token_bucket" and "burst" in given:
            raise ValueError(f"{self.algorithm} has no burst: leave `burst` out; its limit is requests_per_minute")
        if fault := selectable()[self.algorithm].fault_of(self.rate()):
            raise ValueError(f"{self.algorithm}: {fault}")
        if self.cost > self.figures()[0]:
            raise ValueError(f"a cost of {self.cost} never fits a limit of {self.figures()[0]}")
        return self

    def rate(self, requests_per_minute: int | None = None, burst: int | None = None) -> Rate:
        """What is asked of the algorithm; a given figure goes before the rule's own."""
        return Rate(requests_per_minute or self.requests_per_minute, burst or self.burst, self.window_s)

    def figures(self, requests_per_minute: int | None = None, burst: int | None = None) -> Figures:
        """The algorithm's figures."""
        return selectable()[self.algorithm].figures_of(self.rate(requests_per_minute, burst))


class Tier(Model):
    """The figures of a tier; they go before a route's, and after a key's own."""

    requests_per_minute: Count | None = None
    burst: Burst | None = None
    daily_quota: Count | None = None
    monthly_quota: Count | None = None
