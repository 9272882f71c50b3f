"""What the laws of the algorithms share: running a trace, and looking for the fullest window."""

from __future__ import annotations

from hypothesis import settings

from gateline.limit.verdict import Algorithm, State, Verdict
from tests.limit.lua_store import START_US
from tests.limit.traces import Trace

Passed = list[tuple[int, int]]
# As many examples as the profile has, times something: the mutants' run asks for few.
LAWS = settings(max_examples=settings().max_examples * 3 // 2)
TWINS = settings(max_examples=settings().max_examples * 3)
SECOND_US = 1_000_000


class Bucket:
    """One bucket of an algorithm, on a clock that a test moves."""

    def __init__(self, algorithm: Algorithm, *figures: int, now_us: int = START_US) -> None:
        self.now_us = now_us
        self._algorithm = algorithm
        self._figures = figures
        self._state: State = None

    def take(self, cost: int = 1, after_s: float = 0) -> Verdict:
        """The verdict on a cost, some seconds later."""
        self.now_us += int(after_s * SECOND_US)
        self._state, verdict = self._algorithm.take(self._state, self.now_us, self._figures, cost)
        return verdict


def run(algorithm: Algorithm, figures: tuple[int, ...], trace: Trace) -> Passed:
    """When how much passed."""
    bucket = Bucket(algorithm, *figures)
    passed = []
    for step_us, cost in trace:
        bucket.now_us += step_us
        if bucket.take(cost).allowed:
            passed.append((bucket.now_us, cost))
    return passed


def most_in_any(passed: Passed, window_us: int) -> int:
    """The most that passed in any window of a length."""
    ends = [at for at, _ in passed]
    return max((sum(cost for at, cost in passed if end - window_us < at <= end) for end in ends), default=0)


def most_in_one(passed: Passed, window_us: int) -> int:
    """The most that passed in one window of the clock."""
    totals: dict[int, int] = {}
    for at, cost in passed:
        totals[at // window_us] = totals.get(at // window_us, 0) + cost
    return max(totals.values(), default=0)
