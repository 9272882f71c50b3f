"""Performs `Shared` effects: one is under way at a time for each key, and all who ask meanwhile get its end.

Wraps the world that performs the effect itself. Nobody who waits does so beyond its own deadline; the effect goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Protocol

from gateline.effects import Answer, Effect, Shared
from gateline.runtime.drive import World
from gateline.values.errors import UnavailableError


class Timer(Protocol):
    """Something that can be called off."""

    def cancel(self) -> None:
        """Call it off."""


CallAt = Callable[[float, Callable[[], None]], Timer]


class Sharing:
    """A world in which `Shared` effects are joined. Belongs to one loop."""

    __slots__ = ("_call_at", "_clock", "_inner", "_under_way")

    def __init__(self, inner: World, clock: Callable[[], float], call_at: CallAt) -> None:
        """`clock` and `call_at` are the loop's (`loop.time`, `loop.call_at`)."""
        self._inner = inner
        self._clock = clock
        self._call_at = call_at
        self._under_way: dict[Hashable, list[_Waiter]] = {}

    def perform(self, effect: Effect, deadline_s: float, done: Callable[[Answer], None]) -> None:
        """As `World.perform`."""
        if not isinstance(effect, Shared):
            self._inner.perform(effect, deadline_s, done)
            return
        waiters = self._under_way.get(effect.key)
        if waiters is not None:
            waiters.append(_Waiter(done, deadline_s, self._call_at))
            return
        waiters = self._under_way[effect.key] = [_Waiter(done, deadline_s, self._call_at)]
        self._start(effect, waiters)

    def _start(self, effect: Shared, waiters: list[_Waiter]) -> None:
        ended = False

        def answered(answer: Answer) -> None:
            nonlocal ended
            if ended:
                return
            ended = True
            self._under_way.pop(effect.key, None)
            end = answer if isinstance(answer, UnavailableError) else None
            try:
                effect.settle(answer)
            except UnavailableError as error:
                end = error
            except Exception as error:  # noqa: BLE001  # whatever goes wrong in it, those who wait must hear of it
                end = UnavailableError(type(effect.effect).__name__, f"its answer was no use: {type(error).__name__}")
            for waiter in waiters:
                waiter.tell(end)

        try:
            self._inner.perform(effect.effect, self._clock() + effect.within_s, answered)
        except Exception as error:  # noqa: BLE001  # a world that raises has failed
            answered(UnavailableError(type(effect.effect).__name__, type(error).__name__))


class _Waiter:
    """One request that waits; told once, at the latest at its deadline."""

    __slots__ = ("_done", "_timer")

    def __init__(self, done: Callable[[Answer], None], deadline_s: float, call_at: CallAt) -> None:
        self._done: Callable[[Answer], None] | None = done
        self._timer = call_at(deadline_s, self._too_late)

    def tell(self, end: UnavailableError | None) -> None:
        done, self._done = self._done, None
        self._timer.cancel()
        if done is not None:
            done(end)

    def _too_late(self) -> None:
        self.tell(UnavailableError("a shared effect", "took longer than the check may"))
