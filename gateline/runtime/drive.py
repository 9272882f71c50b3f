"""Drivers: they perform a pending decision's effects in a world, and hand the answers back.

`drive` is callback-driven, for an event loop: all effects that are asked for in one tick can travel together, and no
task is made per call. `drive_now` waits for each, for commands and for servers with a thread per request.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from gateline.effects import Answer, Effect, Later, Shared
from gateline.pipeline.run import Pending
from gateline.values.decision import Decision
from gateline.values.errors import UnavailableError

# An answer of its own may be None; a second answer to one effect is ignored.
_UNANSWERED: Any = object()


class World(Protocol):
    """Performs effects."""

    def perform(self, effect: Effect, deadline_s: float, done: Callable[[Answer], None]) -> None:
        """Call `done` exactly once, on the loop's thread, before `deadline_s` (the loop's clock, s) or shortly after.

        A failure is an `UnavailableError` handed to `done`; nothing is raised. `done` may be called before this
        returns.
        """


def drive(
    state: Decision | Pending, world: World, deadline_s: float, done: Callable[[Decision], None]
) -> Decision | None:
    """The decision where no effect has to wait; else None, and `done` gets it later."""
    while isinstance(state, Pending):
        effects = state.effects
        if len(effects) == 1 and not isinstance(effects[0], Later):
            one = _One(state, world, deadline_s, done)
            if not one.collect(effects[0]):
                return None
            state = one.resume()
        else:
            asked = _Asked(state, world, deadline_s, done)
            if not asked.collect():
                return None
            state = asked.resume()
    return state


class _One:
    """A single effect on its way: what nearly every decision that waits waits for (half the cost of `_Asked`)."""

    __slots__ = ("_answer", "_deadline_s", "_done", "_inline", "_pending", "_world")

    def __init__(self, pending: Pending, world: World, deadline_s: float, done: Callable[[Decision], None]) -> None:
        self._pending = pending
        self._world = world
        self._deadline_s = deadline_s
        self._done = done
        self._answer: Answer = _UNANSWERED
        self._inline = True

    def collect(self, effect: Effect) -> bool:
        """Start the effect; True where it was answered at once."""
        try:
            self._world.perform(effect, self._deadline_s, self)
        except Exception as error:  # noqa: BLE001  # a world that raises has failed
            self(UnavailableError(type(effect).__name__, type(error).__name__))
        self._inline = False
        return self._answer is not _UNANSWERED

    def __call__(self, answer: Answer) -> None:
        """Take the answer; a second one is ignored."""
        if self._answer is not _UNANSWERED:
            return
        self._answer = answer
        if not self._inline:
            decision = drive(self.resume(), self._world, self._deadline_s, self._done)
            if decision is not None:
                self._done(decision)

    def resume(self) -> Decision | Pending:
        return self._pending.resume((self._answer,))


class _Asked:
    """Several effects of one `Pending`, on their way."""

    __slots__ = ("_answers", "_deadline_s", "_done", "_inline", "_missing", "_pending", "_world")

    def __init__(self, pending: Pending, world: World, deadline_s: float, done: Callable[[Decision], None]) -> None:
        self._pending = pending
        self._world = world
        self._deadline_s = deadline_s
        self._done = done
        self._answers: list[Answer] = [_UNANSWERED] * len(pending.effects)
        self._missing = len(pending.effects)
        self._inline = True

    def collect(self) -> bool:
        """Start every effect; True where all were answered at once."""
        for index, effect in enumerate(self._pending.effects):
            if isinstance(effect, Later):
                self._answers[index] = None
                self._missing -= 1
                self._world.perform(effect.effect, self._deadline_s, _forget)
            else:
                self._perform(index, effect)
        self._inline = False
        return self._missing == 0

    def _perform(self, index: int, effect: Effect) -> None:
        def answered(answer: Answer) -> None:
            if self._answers[index] is not _UNANSWERED:
                return
            self._answers[index] = answer
            self._missing -= 1
            if self._missing == 0 and not self._inline:
                decision = drive(self.resume(), self._world, self._deadline_s, self._done)
                if decision is not None:
                    self._done(decision)

        try:
            self._world.perform(effect, self._deadline_s, answered)
        except Exception as error:  # noqa: BLE001  # a world that raises has failed
            answered(UnavailableError(type(effect).__name__, type(error).__name__))

    def resume(self) -> Decision | Pending:
        return self._pending.resume(tuple(self._answers))


def _forget(_: Answer) -> None:
    """What is done later answers to nobody."""


def drive_now(state: Decision | Pending, perform: Callable[[Effect], Answer]) -> Decision:
    """The decision; `perform` waits for its effect, and may raise `UnavailableError`."""
    while isinstance(state, Pending):
        state = state.resume(tuple(_answer_now(effect, perform) for effect in state.effects))
    return state


def _answer_now(effect: Effect, perform: Callable[[Effect], Answer]) -> Answer:
    """One answer. With nobody beside us, a shared effect is its own, settled before we go on, and later is now."""
    if isinstance(effect, Later):
        _answer_now(effect.effect, perform)
        return None
    try:
        if not isinstance(effect, Shared):
            return perform(effect)
        answer = _answer_now(effect.effect, perform)
        effect.settle(answer)
    except UnavailableError as error:
        return error
    except Exception as error:  # noqa: BLE001  # a world that raises has failed
        return UnavailableError(type(effect).__name__, type(error).__name__)
    return answer if isinstance(answer, UnavailableError) else None
