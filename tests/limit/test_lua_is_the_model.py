"""The script in the store and the pure functions give the same answers, to the microsecond, on any trace."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from gateline.effects import Charge
from gateline.limit.catalogue import catalogue
from gateline.limit.ledger import settle
from gateline.limit.verdict import State
from tests.limit.laws import TWINS
from tests.limit.lua_store import LuaStore
from tests.limit.traces import FIGURES, Chosen, Trace, arrivals, buckets, charges_of, unsteady

STORE = LuaStore()
ALGORITHMS = catalogue()


class Model:
    """States that are never forgotten: what an expiry may forget must not make a difference."""

    def __init__(self) -> None:
        self.states: dict[str, State] = {}

    def charge(self, charges: tuple[Charge, ...], now_us: int) -> list[tuple[int, ...]]:
        verdicts, kept = settle(charges, [self.states.get(c.key) for c in charges], now_us, ALGORITHMS)
        self.states.update({key: state for key, state, _ in kept})
        return [tuple(map(int, verdict)) for verdict in verdicts]


def test_every_algorithm_has_its_traces() -> None:
    assert set(FIGURES) == set(ALGORITHMS)


def agree(charges_and_steps: Iterable[tuple[int, tuple[Charge, ...]]]) -> None:
    model = Model()
    for step_us, charges in charges_and_steps:
        STORE.now_us += step_us
        stored = [tuple(map(int, verdict)) for verdict in STORE.charge(charges)]
        assert stored == model.charge(charges, STORE.now_us)


@TWINS
@given(buckets(), arrivals)
def test_script_and_model_agree_and_what_expires_makes_no_difference(chosen: Chosen, trace: Trace) -> None:
    STORE.clear()
    agree((step_us, charges_of(chosen, cost)) for step_us, cost in trace)


@TWINS
@given(buckets(), unsteady)
def test_script_and_model_agree_when_the_clock_is_set_back(chosen: Chosen, trace: Trace) -> None:
    STORE.clear(forgets=False)
    agree((step_us, charges_of(chosen, cost)) for step_us, cost in trace)


@TWINS
@given(st.integers(1, 10**8), st.integers(1, 10**9), st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**8))))
def test_the_largest_figures_stay_exact(burst: int, per_minute: int, trace: Trace) -> None:
    STORE.clear()
    agree((step_us, (Charge("b", "token_bucket", (burst, per_minute), min(cost, burst)),)) for step_us, cost in trace)
