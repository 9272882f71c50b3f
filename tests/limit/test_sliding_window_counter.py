"""A sliding window by counters keeps its limit in each window of the clock, and less than twice that in any."""

from __future__ import annotations

from hypothesis import given

from gateline.limit.algorithms import sliding_window_counter
from gateline.limit.verdict import Verdict
from tests.limit.laws import LAWS, SECOND_US, Bucket, most_in_any, most_in_one, run
from tests.limit.traces import FIGURES, Trace, forward

MINUTE = 1_790_000_040 * SECOND_US  # a whole one


@LAWS
@given(FIGURES["sliding_window_counter"], forward)
def test_never_more_than_its_bounds(figures: tuple[int, int], trace: Trace) -> None:
    limit, window_s = figures
    passed = run(sliding_window_counter, figures, trace)
    assert most_in_one(passed, window_s * SECOND_US) <= limit
    assert most_in_any(passed, window_s * SECOND_US) < 2 * limit or limit == 1


def test_the_last_window_counts_as_far_as_it_overlaps() -> None:
    bucket = Bucket(sliding_window_counter, 10, 60, now_us=MINUTE)
    assert bucket.take(10) == Verdict(True, 0, 0, 120_000_000)
    # A quarter into the next window three quarters of the last one count: 7.5, so that two more fit.
    assert bucket.take(2, after_s=75).allowed
    assert bucket.take() == Verdict(False, 0, 3_000_000, 105_000_000)
    assert bucket.take(after_s=3).allowed


def test_two_windows_later_all_is_forgotten() -> None:
    bucket = Bucket(sliding_window_counter, 3, 60, now_us=MINUTE)
    bucket.take(3)
    assert bucket.take(3, after_s=120).allowed


def test_a_full_window_waits_for_the_next_one() -> None:
    bucket = Bucket(sliding_window_counter, 4, 60, now_us=MINUTE)
    bucket.take(4, after_s=30)
    # 30 s to the next window, and a quarter of it for one request to fall out.
    assert bucket.take().retry_us == 45_000_000
    assert bucket.take(4).retry_us == 90_000_000
