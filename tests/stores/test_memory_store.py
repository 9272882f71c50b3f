"""The memory store is bounded, and forgets what makes no difference."""

from __future__ import annotations

from hypothesis import given, settings

from gateline.limit.catalogue import catalogue
from gateline.limit.ledger import settle
from gateline.limit.verdict import State
from gateline.runtime.memory_store import MemoryStore, level_of
from tests.limit.traces import Chosen, Trace, arrivals, buckets, charges_of
from tests.stores.asking import bucket


class Clock:
    def __init__(self) -> None:
        self.now_us = 1_790_000_000_000_000

    def __call__(self) -> int:
        return self.now_us


def test_what_is_over_is_dropped_with_the_charges_that_follow() -> None:
    clock = Clock()
    store = MemoryStore(clock)
    for index in range(1000):
        store.take((bucket(f"old{index}"),))
    assert len(store) == 1000
    clock.now_us += 10_000_000
    for index in range(1200):
        store.take((bucket(f"new{index}"),))
    assert len(store) == 1200


def test_beyond_its_bound_the_one_charged_longest_ago_goes() -> None:
    store = MemoryStore(Clock(), most=3)
    attacker = bucket("attacker", (3, 1))
    for index in range(20):
        store.take((bucket(f"other{index}"),))
        allowed = store.take((attacker,)).allowed
        assert allowed == (index < 3)
    assert len(store) == 3


@settings(max_examples=100, deadline=None)
@given(buckets(), arrivals)
def test_it_is_the_model(chosen: Chosen, trace: Trace) -> None:
    clock = Clock()
    store = MemoryStore(clock)
    states: dict[str, State] = {}
    for step_us, cost in trace:
        clock.now_us += step_us
        charges = charges_of(chosen, cost)
        verdicts, kept = settle(charges, [states.get(c.key) for c in charges], clock.now_us, catalogue())
        states.update({key: state for key, state, _ in kept})
        assert store.take(charges).levels == tuple(map(level_of, verdicts))
