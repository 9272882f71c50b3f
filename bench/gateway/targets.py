"""What the rows are held to: ratios of two rows of one run, round by round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

Rounds = Mapping[str, Sequence[float | None]]
"""Of each figure its values, round by round."""


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


def judge(rows: Mapping[str, Rounds]) -> list[Judged]:
    """Every target whose two rows were measured: the median of the rounds' ratios.

    Within a round, what else the machine does meets both rows more alike than over all of them.
    """
    found = []
    for target in TARGETS:
        above, below = (rows.get(name, {}).get(target.figure, ()) for name in (target.row, target.other))
        ratios = [a / b for a, b in zip(above, below, strict=False) if a is not None and b]
        if ratios:
            found.append(Judged(target, median(ratios)))
    return found
