"""The drivers hand each answer to the step that asked, once, whenever it comes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from gateline.context import Context
from gateline.effects import InPool, KeyUsed, Later
from gateline.pipeline.run import Pipeline
from gateline.pipeline.step import Step
from gateline.runtime.drive import drive, drive_now
from gateline.values.decision import Allow, Decision, Unavailable
from tests.pipeline.policies import request, snapshot

A, B = InPool(lambda: "a", 1.0), InPool(lambda: "b", 1.0)


class Waiting:
    """Keeps what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, float, Callable[[Any], None]]] = []

    def perform(self, effect: Any, deadline_s: float, done: Callable[[Any], None]) -> None:
        self.asked.append((effect, deadline_s, done))


def policy(effects: Any, seen: list[Any]) -> Pipeline:
    def run(_: Context) -> Generator[Any, Any, Any]:
        seen.append((yield effects))

    return Pipeline(snapshot([Step("asks", run)]))


def test_answers_keep_the_order_of_the_effects_in_whatever_order_they_come() -> None:
    seen: list[Any] = []
    decided: list[Decision] = []
    world = Waiting()
    assert drive(policy((A, B), seen).decide(request()), world, 7.0, decided.append) is None
    assert [(effect, deadline_s) for effect, deadline_s, _ in world.asked] == [(A, 7.0), (B, 7.0)]
    world.asked[1][2]("b")
    assert decided == []
    world.asked[0][2]("a")
    assert seen == [("a", "b")]
    assert isinstance(decided[0], Allow)


def test_a_second_answer_to_one_effect_does_not_stand_for_the_other() -> None:
    seen: list[Any] = []
    decided: list[Decision] = []
    world = Waiting()
    drive(policy((A, B), seen).decide(request()), world, 7.0, decided.append)
    world.asked[0][2]("a")
    world.asked[0][2]("again")
    assert decided == []
    world.asked[1][2]("b")
    world.asked[1][2]("again")
    assert seen == [("a", "b")]
    assert len(decided) == 1


def test_what_is_done_later_is_not_waited_for() -> None:
    seen: list[Any] = []
    world = Waiting()
    used = KeyUsed("aaaaaaaa", 1)
    decision = drive(policy(Later(used), seen).decide(request()), world, 7.0, lambda _: None)
    assert isinstance(decision, Allow)
    assert seen == [None]
    assert [effect for effect, _, _ in world.asked] == [used]


def test_the_waiting_driver_performs_each_in_turn() -> None:
    seen: list[Any] = []
    decision = drive_now(policy((A, B), seen).decide(request()), lambda effect: effect.run())
    assert isinstance(decision, Allow)
    assert seen == [("a", "b")]


def test_an_exception_of_the_performer_is_no_allow() -> None:
    def perform(_: Any) -> Any:
        raise OSError

    decision = drive_now(policy(A, []).decide(request()), perform)
    assert isinstance(decision, Unavailable)
    assert decision.problem.code == "dependency_unavailable"
