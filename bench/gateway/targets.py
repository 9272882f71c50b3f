"""What the rows are held to: ratios of two rows of one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Figures = Mapping[str, Mapping[str, float | None]]


@dataclass(frozen=True, slots=True)
class Target:
    """`row`'s figure over `other`'s is at most, or at least, `bound`."""

    figure: Literal["rps", "policy_us"]
    row: str
    other: str
    sense: Literal["≤", "≥"]
    bound: float

    @property
    def says(self) -> str:
        """In words."""
        what = "requests a second" if self.figure == "rps" else "CPU a call"
        return f"{what}: {self.row} / {self.other}"


@dataclass(frozen=True, slots=True)
class Judged:
    """A target beside its measured ratio."""

    target: Target
    ratio: float

    @property
    def met(self) -> bool:
        """Whether it holds."""
        return self.ratio <= self.target.bound if self.target.sense == "≤" else self.ratio >= self.target.bound


TARGETS = (
    Target("policy_us", "lean/ours", "lean/go-allow", "≤", 0.4),
    Target("policy_us", "lean/ours", "lean/grpcio-aio", "≤", 0.1),
    Target("rps", "lean/ours", "lean/go-allow", "≥", 1.0),
    Target("rps", "lean/ours", "lean/go-rs256", "≥", 1.3),
    # Under the same load; then against the callout under its own, lighter one.
    Target("rps", "reference/ours", "reference/go-rs256", "≥", 1.0),
    Target("rps", "reference/ours", "lean/go-rs256", "≥", 1.0),
    Target("policy_us", "limits/ours", "lean/go-allow", "≤", 0.6),
    # Ten thousand routes cost as little as ten; the tenth above is for caches of the processor.
    Target("policy_us", "routes/10000", "routes/10", "≤", 1.1),
)


def judge(figures: Figures) -> list[Judged]:
    """Every target whose two rows were measured; `figures` are the rows' medians by name."""
    found = []
    for target in TARGETS:
        above = figures.get(target.row, {}).get(target.figure)
        below = figures.get(target.other, {}).get(target.figure)
        if above is not None and below:
            found.append(Judged(target, above / below))
    return found
