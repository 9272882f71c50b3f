"""What is remembered of empty buckets refuses what the store would refuse, and nothing else."""

from __future__ import annotations

from gateline.effects import Level
from gateline.runtime.over_limit import HOLD_S, OverLimit
from tests.stores.asking import bucket

EMPTY = Level(False, 0, 2.0, 9.0)
ROOM = Level(True, 4, 0.0, 1.0)


class Remembering:
    def __init__(self, most: int = 100) -> None:
        self.now_s = 100.0
        self.memory = OverLimit(lambda: self.now_s, most)


def test_it_refuses_until_there_is_room_again() -> None:
    remembering = Remembering()
    charge, other = bucket("a"), bucket("b")
    remembering.memory.note((charge, other), (EMPTY, ROOM))
    remembering.now_s += 0.5
    found = remembering.memory.find((charge, other))
    assert found is not None
    assert found.levels[0] == Level(False, 0, 1.5, 8.5)
    # Of the other nothing is known: -1 keeps it out of the headers.
    assert found.levels[1].remaining == -1
    assert remembering.memory.find((other,)) is None
    remembering.now_s += 1.5
    assert remembering.memory.find((charge,)) is None


def test_less_may_fit_and_other_figures_are_another_question() -> None:
    remembering = Remembering()
    remembering.memory.note((bucket("a", (5, 60), cost=3),), (EMPTY,))
    assert remembering.memory.find((bucket("a", (5, 60), cost=2),)) is None
    assert remembering.memory.find((bucket("a", (9, 60), cost=3),)) is None
    assert remembering.memory.find((bucket("a", (5, 60), cost=4),)) is not None


def test_a_long_refusal_is_asked_again_now_and_then() -> None:
    remembering = Remembering()
    remembering.memory.note((bucket("a"),), (Level(False, 0, 86_400.0, 86_400.0),))
    remembering.now_s += HOLD_S - 0.1
    assert remembering.memory.find((bucket("a"),)) is not None
    remembering.now_s += 0.2
    assert remembering.memory.find((bucket("a"),)) is None


def test_it_is_bounded() -> None:
    remembering = Remembering(most=2)
    for name in "abc":
        remembering.memory.note((bucket(name),), (EMPTY,))
    assert [remembering.memory.find((bucket(name),)) is None for name in "abc"] == [True, False, False]
