"""No trace gets more out of a bucket than its bound, and a refusal takes nothing."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from gateline.limit.algorithms import (
    calendar_window,
    fixed_window,
    sliding_window_counter,
    sliding_window_log,
    token_bucket,
)
from gateline.limit.verdict import Algorithm, State
from tests.limit.lua_store import START_US
from tests.limit.traces import FIGURES, Trace, forward

Passed = list[tuple[int, int]]
LAWS = settings(max_examples=200, deadline=None)


def run(algorithm: Algorithm, figures: tuple[int, ...], trace: Trace) -> Passed:
    """When how much passed."""
    state: State = None
    now_us = START_US
    passed = []
    for step_us, cost in trace:
        now_us += step_us
        state, verdict = algorithm.take(state, now_us, figures, cost)
        if verdict.allowed:
            passed.append((now_us, cost))
        else:
            assert verdict.retry_us > 0
    return passed


def most_in(passed: Passed, window_us: int) -> int:
    """The most that passed in any window of a length."""
    ends = [at for at, _ in passed]
    return max((sum(cost for at, cost in passed if end - window_us < at <= end) for end in ends), default=0)


@LAWS
@given(FIGURES["token_bucket"], forward)
def test_token_bucket(figures: tuple[int, int], trace: Trace) -> None:
    passed = run(token_bucket, figures, trace)
    capacity, per_minute = figures
    for index, (begin, _) in enumerate(passed):
        total = 0
        for at, cost in passed[index:]:
            total += cost
            assert total * 60_000_000 <= capacity * 60_000_000 + (at - begin) * per_minute


@LAWS
@given(FIGURES["sliding_window_log"], forward)
def test_sliding_window_log(figures: tuple[int, int], trace: Trace) -> None:
    assert most_in(run(sliding_window_log, figures, trace), figures[1] * 1_000_000) <= figures[0]


@LAWS
@given(FIGURES["sliding_window_counter"], forward)
def test_sliding_window_counter(figures: tuple[int, int], trace: Trace) -> None:
    limit, window_s = figures
    passed = run(sliding_window_counter, figures, trace)
    assert most_in(passed, window_s * 1_000_000) < 2 * limit or not passed or limit == 1
    by_window: dict[int, int] = {}
    for at, cost in passed:
        window = at // (window_s * 1_000_000)
        by_window[window] = by_window.get(window, 0) + cost
    assert all(total <= limit for total in by_window.values())


@LAWS
@given(FIGURES["fixed_window"], forward)
def test_fixed_window(figures: tuple[int, int], trace: Trace) -> None:
    by_window: dict[int, int] = {}
    for at, cost in run(fixed_window, figures, trace):
        window = at // (figures[1] * 1_000_000)
        by_window[window] = by_window.get(window, 0) + cost
    assert all(total <= figures[0] for total in by_window.values())


@LAWS
@given(st.integers(1, 5), st.sampled_from([0, 1]), st.lists(st.tuples(st.integers(0, 10**12), st.integers(1, 3))))
def test_calendar_window(limit: int, unit: int, trace: Trace) -> None:
    totals: dict[str, int] = {}
    for at, cost in run(calendar_window, (limit, unit), trace):
        day = datetime.fromtimestamp(at // 1_000_000, UTC)
        name = day.strftime("%Y-%m" if unit else "%Y-%m-%d")
        totals[name] = totals.get(name, 0) + cost
    assert all(total <= limit for total in totals.values())


@given(st.integers(-200_000, 2_000_000))
def test_the_calendars_arithmetic_is_datetimes(day: int) -> None:
    if not -200_000 <= day < 2_000_000:
        return
    moment = datetime.fromordinal(max(1, min(day + 719_163, 3_652_059)))
    day = moment.toordinal() - 719_163
    assert calendar_window.civil(day) == (moment.year, moment.month)
    assert calendar_window.days_until(moment.year, moment.month) == moment.replace(day=1).toordinal() - 719_163


ALL = st.sampled_from(
    [token_bucket, sliding_window_log, sliding_window_counter, fixed_window, calendar_window]
).flatmap(lambda module: st.tuples(st.just(module), FIGURES[module.__name__.rpartition(".")[2]]))


@LAWS
@given(ALL, forward)
def test_who_waits_as_long_as_told_gets_through(chosen: tuple[Algorithm, tuple[int, ...]], trace: Trace) -> None:
    algorithm, figures = chosen
    state: State = None
    now_us = START_US
    for step_us, cost in trace:
        if cost > figures[0]:
            continue
        now_us += step_us
        state, verdict = algorithm.take(state, now_us, figures, cost)
        if verdict.allowed:
            continue
        later = now_us + verdict.retry_us
        assert algorithm.take(state, later, figures, cost)[1].allowed
        assert not algorithm.take(state, later - 1, figures, cost)[1].allowed or algorithm is sliding_window_counter


@LAWS
@given(ALL, forward)
def test_a_bucket_that_is_reset_is_as_if_never_touched(chosen: tuple[Algorithm, tuple[int, ...]], trace: Trace) -> None:
    algorithm, figures = chosen
    state: State = None
    now_us = START_US
    for step_us, cost in trace:
        now_us += step_us
        state, verdict = algorithm.take(state, now_us, figures, cost)
        then = now_us + verdict.reset_us
        assert algorithm.take(state, then, figures, 1)[1] == algorithm.take(None, then, figures, 1)[1]
