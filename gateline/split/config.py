"""The `traffic_split` of a route."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from gateline.schema.model import Model
from gateline.split.share import Shares

HeaderName = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
MOST_WEIGHT = 65_535


class WeightedTarget(Model):
    """An upstream and its weight among the others."""

    weight: Annotated[int, Field(ge=0, le=MOST_WEIGHT)]
    target: Annotated[str, Field(min_length=1)]


class ByHeader(Model):
    """The value of a request header."""

    header: HeaderName


class TrafficSplit(Model):
    """`upstream_weights` in order; `sticky_by` keeps each user, address or header value where it is."""

    upstream_weights: Annotated[tuple[WeightedTarget, ...], Field(min_length=1)]
    sticky_by: Literal["user_id", "ip"] | ByHeader | None = None
    salt: str | None = None
    """Two splits of one salt choose the same users; by default each route has its own, its id."""

    @model_validator(mode="after")
    def _usable(self) -> TrafficSplit:
        names = [target.target for target in self.upstream_weights]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"names {', '.join(doubled)} more than once")
        if not any(target.weight for target in self.upstream_weights):
            raise ValueError("gives no target any weight")
        return self

    @property
    def shares(self) -> Shares:
        """The targets with their parts of the whole."""
        return Shares([(target.target, target.weight) for target in self.upstream_weights])
