"""A sliding window by counters keeps its limit in each window of the clock, and less than twice that in any."""

from __future__ import annotations

from hypothesis import given

from gateline.limit.algorithms import sliding_window_counter
from gateline.limit.verdict import Rate, Verdict
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


def test_what_falls_out_is_told_to_the_millisecond() -> None:
    """Beside a last window of 7 of 10 four fit when one of them is out, 10 when all are; a look sees both windows."""
    bucket = Bucket(sliding_window_counter, 10, 60, now_us=MINUTE)
    assert bucket.take(0) == Verdict(True, 10, 0, 0)
    bucket.take(7)
    assert bucket.take(4, after_s=60) == Verdict(False, 3, 8_572_000, 60_000_000)
    assert bucket.take(10).retry_us == 60_000_000
    assert not bucket.take(4, after_s=8.571).allowed
    assert bucket.take(4, after_s=0.001).allowed
    assert bucket.take(0) == Verdict(True, 0, 0, 111_428_000)


def test_the_first_millisecond_of_a_window_still_has_all_of_the_last_one() -> None:
    """10,000 a second are ten a millisecond: none of them before the first one is over, to the microsecond."""
    bucket = Bucket(sliding_window_counter, 10_000, 1, now_us=MINUTE)
    bucket.take(10_000)
    assert bucket.take(after_s=1) == Verdict(False, 0, 1000, 1_000_000)
    assert bucket.take(after_s=0.000999).retry_us == 1
    assert [bucket.take(11, after_s=0.000001).allowed, bucket.take(10).allowed] == [False, True]


def test_it_tells_its_limit_and_its_window() -> None:
    """A share of the minute's requests, rounded down; at most ten million, which is said when it is loaded."""
    assert sliding_window_counter.figures_of(Rate(60, 20, 31)) == (31, 31)
    assert sliding_window_counter.figures_of(Rate(7, 20, 10)) == (1, 10)
    assert sliding_window_counter.advertised((15, 30)) == (15, 30)
    assert sliding_window_counter.fault_of(Rate(10_000_000, 20, 60)) is None
    assert sliding_window_counter.fault_of(Rate(10_000_001, 20, 60)) == (
        "counts at most 10000000 requests a window, not 10000001"
    )
