"""A token bucket never gives more than its capacity and what came back meanwhile."""

from __future__ import annotations

from hypothesis import given

from gateline.limit.algorithms import token_bucket
from gateline.limit.verdict import Rate, Verdict
from tests.limit.laws import LAWS, Bucket, run
from tests.limit.traces import FIGURES, Trace, forward


@LAWS
@given(FIGURES["token_bucket"], forward)
def test_never_more_than_capacity_and_refill(figures: tuple[int, int], trace: Trace) -> None:
    capacity, per_minute = figures
    passed = run(token_bucket, figures, trace)
    for index, (begin, _) in enumerate(passed):
        total = 0
        for at, cost in passed[index:]:
            total += cost
            assert total * 60_000_000 <= capacity * 60_000_000 + (at - begin) * per_minute


def test_a_burst_passes_and_then_the_rate() -> None:
    bucket = Bucket(token_bucket, 3, 60)
    assert [bucket.take().allowed for _ in range(4)] == [True, True, True, False]
    assert bucket.take() == Verdict(False, 0, 1_000_000, 3_000_000)
    assert not bucket.take(after_s=0.999999).allowed
    assert bucket.take(after_s=0.000001) == Verdict(True, 0, 0, 3_000_000)


def test_what_is_left_over_counts_later() -> None:
    bucket = Bucket(token_bucket, 2, 60)
    bucket.take(2)
    assert bucket.take(after_s=1.5).allowed
    assert bucket.take(after_s=0.5).allowed


def test_a_cost_is_taken_whole_or_not_at_all() -> None:
    bucket = Bucket(token_bucket, 5, 60)
    assert bucket.take(3) == Verdict(True, 2, 0, 3_000_000)
    assert bucket.take(3) == Verdict(False, 2, 1_000_000, 3_000_000)
    assert bucket.take(2).allowed


def test_a_clock_that_is_set_back_gives_and_takes_nothing() -> None:
    bucket = Bucket(token_bucket, 1, 60)
    bucket.take()
    assert bucket.take(after_s=-10) == Verdict(False, 0, 11_000_000, 11_000_000)
    assert not bucket.take(after_s=10.5).allowed
    assert bucket.take(after_s=0.5).allowed


def test_what_passes_while_the_clock_is_set_back_brings_no_refill_forward() -> None:
    """The time until the clock is where it was is not counted twice."""
    bucket = Bucket(token_bucket, 5, 60)
    bucket.take(4)
    assert bucket.take(after_s=-10).allowed
    assert not bucket.take(after_s=10).allowed
    assert bucket.take(after_s=1).allowed


def test_a_smaller_capacity_holds_at_once() -> None:
    state, _ = token_bucket.take(None, 1_000_000, (100, 60), 1)
    assert token_bucket.take(state, 1_000_000, (5, 60), 1)[1].remaining == 4


def test_it_tells_its_capacity_and_how_long_that_takes_to_come_back() -> None:
    assert token_bucket.figures_of(Rate(600, 100, 60)) == (100, 600)
    assert token_bucket.advertised((100, 600)) == (100, 10)
    assert token_bucket.advertised((5, 7)) == (5, 43)
    assert token_bucket.advertised((1, 6000)) == (1, 1)
