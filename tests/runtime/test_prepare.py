"""What is fetched before the first request: each part is under way until it has come or failed, and then no more."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateline.effects import HttpCall, HttpReply, Shared
from gateline.runtime.prepare import MAX_STEPS, prepare
from gateline.values.errors import UnavailableError

REPLY = HttpReply(200, (), b"{}")
FETCHING = {"authentication main": "fetches its keys for the first time"}


class Method:
    """Asks for so many things, one behind the other."""

    name = "main"

    def __init__(self, things: int) -> None:
        self.things = things
        self.asked = 0

    def prepare(self, now: float) -> Shared | None:
        assert now == 100.0
        if self.asked == self.things:
            return None
        self.asked += 1
        call = HttpCall("GET", f"https://issuer.example/{self.asked}", 3.0)
        return Shared(("keys", self.asked), call, lambda _: None, 3.0)


class World:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[object], None]] = []
        self.deadlines: list[float] = []

    def perform(self, effect: object, deadline_s: float, done: Callable[[object], None]) -> None:
        assert isinstance(effect, Shared)
        self.deadlines.append(deadline_s)
        self.waiting.append(done)


def begun(method: object) -> tuple[World, dict[str, str]]:
    world = World()
    return world, prepare([method, object()], world, lambda: 7.0, 100.0)  # type: ignore[return-value]


def test_a_part_is_under_way_until_the_last_of_its_things_has_come() -> None:
    world, under_way = begun(Method(2))
    assert under_way == FETCHING
    world.waiting.pop()(REPLY)
    assert under_way == FETCHING
    world.waiting.pop()(REPLY)
    assert under_way == {}
    assert world.deadlines == [10.0, 10.0]


def test_what_fails_is_waited_for_no_longer() -> None:
    method = Method(2)
    world, under_way = begun(method)
    world.waiting.pop()(UnavailableError("the issuer", "took too long"))
    assert under_way == {}
    assert world.waiting == []


def test_who_has_nothing_to_fetch_is_waited_for_by_nobody() -> None:
    world, under_way = begun(Method(0))
    assert (under_way, world.waiting) == ({}, [])


@pytest.mark.parametrize("things", [MAX_STEPS, MAX_STEPS + 1])
def test_one_that_never_has_enough_is_left_alone(things: int) -> None:
    world, under_way = begun(Method(things))
    for _ in range(MAX_STEPS):
        world.waiting.pop()(REPLY)
    assert (under_way, world.waiting) == ({}, [])
