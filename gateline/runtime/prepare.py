"""Lets a policy's methods fetch what they need (an issuer's keys) before the first request needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, runtime_checkable

from gateline.effects import Answer, Shared
from gateline.runtime.drive import World
from gateline.values.errors import UnavailableError

# Discovery, then the keys, and one to spare.
MAX_STEPS = 3


@runtime_checkable
class Preparing(Protocol):
    """A method that has something to fetch."""

    def prepare(self, now: float) -> Shared | None:
        """The next thing to fetch (`now` in Unix seconds), None where there is nothing left."""


def prepare(methods: Iterable[object], world: World, clock: Callable[[], float], now_unix_s: float) -> None:
    """Start fetching, and wait for nobody. What fails now is fetched again when it is needed."""
    for method in methods:
        if isinstance(method, Preparing):
            _step(method, world, clock, now_unix_s, MAX_STEPS)


def _step(method: Preparing, world: World, clock: Callable[[], float], now_unix_s: float, steps: int) -> None:
    effect = method.prepare(now_unix_s)
    if effect is None or steps == 0:
        return

    def done(answer: Answer) -> None:
        if not isinstance(answer, UnavailableError):
            _step(method, world, clock, now_unix_s, steps - 1)

    world.perform(effect, clock() + effect.within_s, done)
