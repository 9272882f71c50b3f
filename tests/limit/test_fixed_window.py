"""A fixed window keeps its limit in each window of the clock; a charge that does not fit closes it."""

from __future__ import annotations

from hypothesis import given

from gateline.limit.algorithms import fixed_window
from gateline.limit.verdict import Verdict
from tests.limit.laws import LAWS, SECOND_US, Bucket, most_in_one, run
from tests.limit.traces import FIGURES, Trace, forward


@LAWS
@given(FIGURES["fixed_window"], forward)
def test_never_more_than_the_limit_in_one_window(figures: tuple[int, int], trace: Trace) -> None:
    limit, window_s = figures
    assert most_in_one(run(fixed_window, figures, trace), window_s * SECOND_US) <= limit


def test_the_window_ends_by_the_clock_and_not_by_the_first_request() -> None:
    bucket = Bucket(fixed_window, 1, 60, now_us=1_790_000_090 * SECOND_US)
    assert bucket.take() == Verdict(True, 0, 0, 10_000_000)
    assert bucket.take() == Verdict(False, 0, 10_000_000, 10_000_000)
    assert bucket.take(after_s=10).allowed


def test_a_look_is_refused_only_when_somebody_was() -> None:
    bucket = Bucket(fixed_window, 2, 3600)
    bucket.take(2)
    assert bucket.take(0).allowed
    bucket.take()
    assert not bucket.take(0).allowed


def test_a_charge_that_does_not_fit_closes_the_window() -> None:
    bucket = Bucket(fixed_window, 10, 3600)
    assert not bucket.take(11).allowed
    assert not bucket.take(1).allowed
