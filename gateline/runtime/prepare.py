"""Lets a policy's methods fetch what they need (an issuer's keys) before the first request needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, runtime_checkable

from gateline.effects import Answer, Shared
from gateline.runtime.drive import World
from gateline.values.errors import UnavailableError

# Discovery, then the keys, and one to spare.
MAX_STEPS = 3


@runtime_checkable
class Preparing(Protocol):
    """A method that has something to fetch."""

    name: str

    def prepare(self, now: float) -> Shared | None:
        """The next thing to fetch (`now` in Unix seconds), None where there is nothing left."""


def prepare(
    methods: Iterable[object], world: World, clock: Callable[[], float], now_unix_s: float
) -> Mapping[str, str]:
    """Start fetching. What fails now is fetched again when it is needed.

    Returns what is under way, part by part and why, until each has come or failed: a mapping that empties by itself.
    """
    under_way: dict[str, str] = {}

    def step(method: Preparing, steps: int) -> None:
        part = f"authentication {method.name}"
        effect = method.prepare(now_unix_s)
        if effect is None or steps == 0:
            under_way.pop(part, None)
            return
        under_way[part] = "fetches its keys for the first time"

        def done(answer: Answer) -> None:
            step(method, 0 if isinstance(answer, UnavailableError) else steps - 1)

        world.perform(effect, clock() + effect.within_s, done)

    for method in methods:
        if isinstance(method, Preparing):
            step(method, MAX_STEPS)
    return under_way
