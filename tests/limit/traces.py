"""Traces for the laws of the limiter: arrivals with their costs, on a clock that mostly goes on."""

from __future__ import annotations

from hypothesis import strategies as st

from gateline.effects import Charge

# Microseconds until the next arrival: bursts, milliseconds, whole windows.
steps = st.one_of(
    st.integers(0, 3),
    st.integers(0, 5_000_000),
    st.sampled_from([1_000_000, 60_000_000, 86_400_000_000, 31 * 86_400_000_000]),
)
Chosen = list[tuple[str, str, tuple[int, ...]]]
Trace = list[tuple[int, int]]
arrivals = st.lists(st.tuples(steps, st.integers(0, 4)), max_size=60)
# A clock that is set back now and then.
unsteady = st.lists(st.tuples(steps | st.integers(-2_000_000, 0), st.integers(0, 4)), max_size=60)
forward = st.lists(st.tuples(st.integers(0, 5_000_000), st.integers(1, 4)), max_size=120)

FIGURES = {
    "token_bucket": st.tuples(st.integers(1, 20), st.integers(1, 2000)),
    "sliding_window_log": st.tuples(st.integers(1, 20), st.integers(1, 60)),
    "sliding_window_counter": st.tuples(st.integers(1, 20), st.integers(1, 60)),
    "fixed_window": st.tuples(st.integers(0, 20), st.sampled_from([1, 60, 3600, 604_800])),
    "calendar_window": st.tuples(st.integers(1, 20), st.integers(0, 1)),
}


@st.composite
def buckets(draw: st.DrawFn) -> Chosen:
    """One to four buckets: key, algorithm, figures."""
    tags = draw(st.lists(st.sampled_from(sorted(FIGURES)), min_size=1, max_size=4))
    return [(f"b{index}", tag, draw(FIGURES[tag])) for index, tag in enumerate(tags)]


def charges_of(chosen: Chosen, cost: int) -> tuple[Charge, ...]:
    """A charge of the same cost on each bucket."""
    return tuple(Charge(key, tag, figures, cost) for key, tag, figures in chosen)
