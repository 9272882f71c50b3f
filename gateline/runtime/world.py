"""The world of a running process: it performs effects, each in its place, on the loop's thread.

A place is a function for one kind of effect. Limits go to the store, or to this process's own memory where a rule says
`on_failure: local`; blocking code goes to a bounded pool. What there is no place for fails, like a store that is away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from gateline.effects import Answer, Charge, Effect, InPool, Later, Take
from gateline.limit.catalogue import catalogue
from gateline.runtime.blocking_pool import BlockingPool
from gateline.runtime.memory_store import MemoryStore
from gateline.values.errors import UnavailableError

Done = Callable[[Answer], None]
Perform = Callable[[Any, float, Done], None]


class Store(Protocol):
    """Where buckets are kept."""

    def take(self, effect: Take, deadline_s: float, done: Done) -> None:
        """Answer a `TakeReply`, or an `UnavailableError` before the deadline."""

    def not_ready(self) -> str:
        """Why it does not answer; empty where it does."""


class ProcessStore:
    """A store in this process's own memory."""

    def __init__(self, memory: MemoryStore) -> None:
        self._memory = memory

    def take(self, effect: Take, deadline_s: float, done: Done) -> None:  # noqa: ARG002  # it answers at once
        """At once."""
        done(self._memory.take(effect.charges))

    def not_ready(self) -> str:
        """It is always there."""
        return ""


class RuntimeWorld:
    """`share` is the number of processes among which `local` divides a limit; `places` perform other effects."""

    def __init__(
        self,
        store: Store,
        memory: MemoryStore,
        pool: BlockingPool,
        places: Mapping[type[Any], Perform] | None = None,
        share: int = 1,
    ) -> None:
        self._store = store
        self._memory = memory
        self._share = share
        self._shared = {tag: algorithm.SHARED for tag, algorithm in catalogue().items()}
        self._places: dict[type[Any], Perform] = {Take: self._take, InPool: pool.perform, **(places or {})}

    def perform(self, effect: Effect, deadline_s: float, done: Done) -> None:
        """As `World.perform`."""
        if isinstance(effect, Later):
            self.perform(effect.effect, deadline_s, _forget)
            done(None)
            return
        place = self._places.get(type(effect))
        if place is None:
            done(UnavailableError(type(effect).__name__, "nothing here performs it", transient=False))
            return
        place(effect, deadline_s, done)

    def not_ready(self) -> dict[str, str]:
        """What of the world is away, and why."""
        why = self._store.not_ready()
        return {"store": why} if why else {}

    def _take(self, effect: Take, deadline_s: float, done: Done) -> None:
        if not effect.local:
            self._store.take(effect, deadline_s, done)
            return
        charges = effect.charges if self._share == 1 else tuple(map(self._part_of, effect.charges))
        done(self._memory.take(charges))

    def _part_of(self, charge: Charge) -> Charge:
        """This process's part of a limit, with room for one request at least."""
        shared = self._shared[charge.algorithm]
        parts = [max(1, figure // self._share) for figure in charge.figures[:shared]]
        parts[0] = max(parts[0], charge.cost)
        return Charge(charge.key, charge.algorithm, (*parts, *charge.figures[shared:]), charge.cost)


def _forget(_: Answer) -> None:
    """What is done later answers to nobody."""
