"""What holds for every algorithm: who waits as told gets through, and a bucket that is reset is as if never touched."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateline.limit.catalogue import catalogue
from gateline.limit.verdict import Algorithm, State
from tests.limit.laws import LAWS
from tests.limit.lua_store import START_US
from tests.limit.traces import FIGURES, Trace, forward

Chosen = tuple[Algorithm, tuple[int, ...]]
chosen_ones = st.sampled_from(sorted(catalogue())).flatmap(
    lambda tag: st.tuples(st.just(catalogue()[tag]), FIGURES[tag])
)


@LAWS
@given(chosen_ones, forward)
def test_who_waits_as_long_as_told_gets_through(chosen: Chosen, trace: Trace) -> None:
    algorithm, figures = chosen
    state: State = None
    now_us = START_US
    for step_us, cost in trace:
        now_us += step_us
        state, verdict = algorithm.take(state, now_us, figures, cost)
        assert verdict.allowed == (verdict.retry_us == 0)
        if not verdict.allowed and cost <= figures[0]:
            assert algorithm.take(state, now_us + verdict.retry_us, figures, cost)[1].allowed


@LAWS
@given(chosen_ones, forward)
def test_a_bucket_that_is_reset_is_as_if_never_touched(chosen: Chosen, trace: Trace) -> None:
    algorithm, figures = chosen
    state: State = None
    now_us = START_US
    for step_us, cost in trace:
        now_us += step_us
        state, verdict = algorithm.take(state, now_us, figures, cost)
        then = now_us + verdict.reset_us
        assert algorithm.take(state, then, figures, 1)[1] == algorithm.take(None, then, figures, 1)[1]


@LAWS
@given(chosen_ones, forward)
def test_a_look_takes_nothing(chosen: Chosen, trace: Trace) -> None:
    algorithm, figures = chosen
    state: State = None
    now_us = START_US
    for step_us, cost in trace:
        now_us += step_us
        looked, _ = algorithm.take(state, now_us, figures, 0)
        assert algorithm.take(looked, now_us, figures, cost)[1] == algorithm.take(state, now_us, figures, cost)[1]
        state, _ = algorithm.take(state, now_us, figures, cost)
