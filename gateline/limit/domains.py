"""`domains:`: the YAML of envoyproxy/ratelimit's domain files, as models.

What we do not do is refused: `quota_mode`, `metadata`, and the metrics by descriptor (`detailed_metric`,
`value_to_metric`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from gateline.schema.model import Model

# Seconds, as envoyproxy/ratelimit cuts them: a month has 30 days, a year 365.
UNITS: Final[Mapping[str, int]] = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86_400,
    "week": 604_800,
    "month": 2_592_000,
    "year": 31_536_000,
}
MAX_UINT32: Final = 2**32 - 1


def _text(value: Any) -> Any:
    """A number stands for its digits, as in the original."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_text), Field(min_length=1)]
Unit = Annotated[Literal["second", "minute", "hour", "day", "week", "month", "year"], BeforeValidator(_lower)]


class Replaced(Model):
    """The name of a limit that this one takes the place of."""

    name: Text


class UnitLimit(Model):
    """So many requests in a window of the server's clock, or no limit at all."""

    unit: Unit | None = None
    requests_per_unit: Annotated[int, Field(ge=0, le=MAX_UINT32)] = 0
    unlimited: bool = False
    name: Annotated[str, BeforeValidator(_text)] = ""
    replaces: tuple[Replaced, ...] = ()

    @model_validator(mode="after")
    def _one_or_the_other(self) -> UnitLimit:
        if self.unlimited and self.unit is not None:
            raise ValueError("can't have a unit and be unlimited")
        if not self.unlimited and self.unit is None:
            raise ValueError(f"needs a unit: {', '.join(UNITS)}; or unlimited: true")
        if self.name and any(replaced.name == self.name for replaced in self.replaces):
            raise ValueError("can't replace itself")
        return self


class Descriptor(Model):
    """A level of the tree: a key, and perhaps a value in which `*` stands for anything."""

    key: Text
    value: Annotated[str, BeforeValidator(_text)] = ""
    rate_limit: UnitLimit | None = None
    shadow_mode: bool = False
    share_threshold: bool = False
    detailed_metric: Literal[False] = False
    value_to_metric: Literal[False] = False
    quota_mode: Literal[False] = False
    descriptors: tuple[Descriptor, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Descriptor:
        if self.share_threshold and "*" not in self.value:
            raise ValueError(
                "share_threshold is for a value with `*`: other values have a threshold of their own anyway"
            )
        if self.shadow_mode and self.rate_limit is None:
            raise ValueError("shadow_mode is of a rate_limit, and there is none here")
        return self


class Domain(Model):
    """The descriptors of one domain."""

    domain: Text
    descriptors: tuple[Descriptor, ...] = ()
