"""What an algorithm is: a pure `take` and the same in Lua beside it.

All of them count in whole microseconds and whole requests below 2**53, because a Lua number is a double: so the twin in
Python and the script in the store give the same answer to the last microsecond.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

# A bucket's state as its algorithm has it, None for a bucket that nobody has touched.
State = Any
Figures = tuple[int, ...]


class Verdict(NamedTuple):
    """A bucket's answer. `remaining` is what is left afterwards.

    `retry_us` is when the same cost would fit, 0 where it did; `reset_us` when the bucket is as if never touched.
    """

    allowed: bool
    remaining: int
    retry_us: int
    reset_us: int


class Rate(NamedTuple):
    """What a `rate_limit` asks of an algorithm."""

    requests_per_minute: int
    burst: int
    window_s: int


class Algorithm(Protocol):
    """A module of `limit/algorithms`; its file's stem is its tag, and a `.lua` of that stem stands beside it.

    `SHARED` is how many of the leading figures are divided among processes that each count for themselves.
    A module that a `rate_limit` may name also has `figures_of(rate)` and `advertised(figures)`.
    """

    SHARED: int

    def take(self, state: State, now_us: int, figures: Figures, cost: int) -> tuple[State, Verdict]:
        """The bucket afterwards, and its answer. A refusal takes nothing; `cost` 0 only looks."""


class Selectable(Algorithm, Protocol):
    """An algorithm that a `rate_limit` may name."""

    def figures_of(self, rate: Rate) -> Figures:
        """The figures of a rate, or of the nearest that there can be."""

    def fault_of(self, rate: Rate) -> str | None:
        """Why the figures would not be those that were asked for."""

    def advertised(self, figures: Figures) -> tuple[int, int]:
        """How many requests in how many seconds, as the headers tell it."""
