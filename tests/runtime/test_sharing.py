"""Effects that many requests wait for: one is under way for each key, and everybody hears of its end once, in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateline.effects import HttpCall, HttpReply, KeyUsed, Shared
from gateline.runtime.sharing import Sharing
from gateline.values.errors import UnavailableError

REPLY = HttpReply(401, (), b"")
REFUSED = UnavailableError("the endpoint", "answered 401")


class Timer:
    """One of the loop's."""

    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at, self.call, self.cancelled = at, call, False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """A world that answers when it is told to, timers that end when they are told to."""

    def __init__(self) -> None:
        self.timers: list[Timer] = []
        self.started: list[tuple[Any, float, Callable[[Any], None]]] = []
        self.world = Sharing(self, lambda: 100.0, self.call_at)

    def call_at(self, at: float, call: Callable[[], None]) -> Timer:
        self.timers.append(Timer(at, call))
        return self.timers[-1]

    def perform(self, effect: Any, deadline_s: float, done: Callable[[Any], None]) -> None:
        self.started.append((effect, deadline_s, done))

    def ask(self, effect: Any, deadline_s: float = 101.0) -> list[Any]:
        """What this request is told, in time."""
        told: list[Any] = []
        self.world.perform(effect, deadline_s, told.append)
        return told


def shared(key: str = "k", settle: Callable[[Any], None] = lambda _: None) -> Shared:
    return Shared(key, HttpCall("GET", "https://a.example", 3.0), settle, 3.0)


def test_who_comes_meanwhile_waits_for_the_same_one_and_the_next_starts_another() -> None:
    loop = Loop()
    settled: list[Any] = []
    told = [loop.ask(shared(settle=settled.append)) for _ in range(3)]
    other = loop.ask(shared("other"))
    (_, deadline_s, done), _ = loop.started
    assert deadline_s == 103.0
    done(REPLY)
    done(REPLY)
    assert told == [[None]] * 3
    assert settled == [REPLY]
    assert other == []
    assert [timer.cancelled for timer in loop.timers] == [True, True, True, False]
    loop.ask(shared())
    assert len(loop.started) == 3


def test_nobody_waits_beyond_its_own_deadline_and_the_effect_goes_on() -> None:
    loop = Loop()
    settled: list[Any] = []
    hasty, patient = loop.ask(shared(settle=settled.append), 100.5), loop.ask(shared(), 102.0)
    assert [timer.at for timer in loop.timers] == [100.5, 102.0]
    loop.timers[0].call()
    assert "took longer than the check may" in str(hasty[0])
    loop.started[0][2](REPLY)
    assert (len(hasty), patient, settled) == (1, [None], [REPLY])


def raising(error: Exception) -> Callable[[Any], None]:
    def settle(_: Any) -> None:
        raise error

    return settle


@pytest.mark.parametrize(
    ("settle", "answer", "told"),
    [
        (lambda _: None, REFUSED, "the endpoint: answered 401"),
        (raising(REFUSED), REPLY, "the endpoint: answered 401"),
        (raising(KeyError("secret")), REPLY, "HttpCall: its answer was no use: KeyError"),
    ],
)
def test_everybody_hears_why_it_failed(settle: Callable[[Any], None], answer: Any, told: str) -> None:
    loop = Loop()
    waiting = [loop.ask(shared(settle=settle)) for _ in range(2)]
    loop.started[0][2](answer)
    assert [str(one) for (one,) in waiting] == [told] * 2


def test_a_world_that_raises_has_failed() -> None:
    loop = Loop()
    loop.perform = raising(OSError("secret"))  # type: ignore[method-assign,assignment]
    (told,) = loop.ask(shared())
    assert isinstance(told, UnavailableError)
    assert "secret" not in str(told)


def test_what_is_not_shared_is_performed_for_each() -> None:
    loop = Loop()
    effect = KeyUsed("p", 1)
    loop.ask(effect)
    loop.ask(effect, 7.0)
    assert [(one, deadline_s) for one, deadline_s, _ in loop.started] == [(effect, 101.0), (effect, 7.0)]
