"""A sliding window by log is exact, and a refused request leaves no trace in it."""

from __future__ import annotations

from hypothesis import given

from gateline.limit.algorithms import sliding_window_log
from gateline.limit.verdict import Rate, Verdict
from tests.limit.laws import LAWS, SECOND_US, Bucket, most_in_any, run
from tests.limit.traces import FIGURES, Trace, forward


@LAWS
@given(FIGURES["sliding_window_log"], forward)
def test_never_more_than_the_limit_in_any_window(figures: tuple[int, int], trace: Trace) -> None:
    limit, window_s = figures
    assert most_in_any(run(sliding_window_log, figures, trace), window_s * SECOND_US) <= limit


def test_the_refused_do_not_count() -> None:
    bucket = Bucket(sliding_window_log, 2, 10)
    assert [bucket.take(after_s=1).allowed for _ in range(9)] == [True, True] + [False] * 7
    # The first left the window at second 11, whatever was refused meanwhile.
    assert bucket.take(after_s=2).allowed


def test_it_says_when_the_oldest_leaves_the_window() -> None:
    bucket = Bucket(sliding_window_log, 3, 10)
    for _ in range(3):
        bucket.take(after_s=1)
    assert bucket.take() == Verdict(False, 0, 8_000_000, 10_000_000)
    assert bucket.take(2).retry_us == 9_000_000
    assert bucket.take(4).retry_us == 10_000_000


def test_a_request_counts_until_just_before_its_window_has_passed() -> None:
    bucket = Bucket(sliding_window_log, 1, 10)
    bucket.take()
    assert not bucket.take(after_s=9.999999).allowed
    assert bucket.take(after_s=0.000001).allowed


def test_a_limit_is_what_a_window_has_of_a_minutes_requests() -> None:
    assert sliding_window_log.figures_of(Rate(60, 20, 10)) == (10, 10)
    assert sliding_window_log.advertised((15, 30)) == (15, 30)
    assert "whole number" in (sliding_window_log.fault_of(Rate(7, 20, 10)) or "")
    assert "at most 10000" in (sliding_window_log.fault_of(Rate(20_000, 20, 60)) or "")
    assert sliding_window_log.fault_of(Rate(60, 20, 10)) is None
    # It keeps each request's time: 10,000 of them, also where a key or tier asks for more.
    assert sliding_window_log.fault_of(Rate(10_000, 20, 60)) is None
    assert sliding_window_log.figures_of(Rate(20_000, 20, 60)) == (10_000, 60)
