"""The world of a row: this process's memory, a clock that may stand still, and scripted answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from gateline.effects import (
    Answer,
    Effect,
    HttpReply,
    InPool,
    KeyChanges,
    KeyGet,
    KeyUsed,
    Later,
    RevokedGet,
    Shared,
    Take,
)
from gateline.runtime.key_places import answer_without_store
from gateline.runtime.memory_store import MemoryStore
from gateline.values.errors import UnavailableError


class RowWorld:
    """Answers at once. `replies`: effect's class name → `unavailable`, or a dict of `HttpReply`'s fields."""

    def __init__(self, replies: Mapping[str, Any], clock: Callable[[], float] = time.time) -> None:
        self._replies = replies
        self._store = MemoryStore(lambda: int(clock() * 1e6))

    def perform(self, effect: Effect, deadline_s: float, done: Callable[[Answer], None]) -> None:
        """See `World`."""
        if isinstance(effect, Later):
            self.perform(effect.effect, deadline_s, lambda _: None)
            done(None)
        elif isinstance(effect, Shared):
            done(self._shared(effect))
        else:
            done(self._answer(effect))

    def _shared(self, effect: Shared) -> Answer:
        answer = self._answer(effect.effect)
        try:
            effect.settle(answer)
        except UnavailableError as error:
            return error
        return answer if isinstance(answer, UnavailableError) else None

    def _answer(self, effect: Effect) -> Answer:
        name = type(effect).__name__
        scripted = self._replies.get(name)
        # `local` asks this process itself, which is never away.
        if scripted == "unavailable" and not (isinstance(effect, Take) and effect.local):
            return UnavailableError(name, "away, as the row has it")
        if isinstance(scripted, dict):
            headers = tuple(scripted.get("headers", {}).items())
            return HttpReply(scripted["status"], headers, str(scripted.get("body", "")).encode())
        if isinstance(effect, Take):
            return self._store.take(effect.charges)
        if isinstance(effect, InPool):
            try:
                return effect.run()
            except Exception as error:  # noqa: BLE001  # as the pool hands it on
                return UnavailableError("pool", type(error).__name__)
        if isinstance(effect, KeyGet | KeyChanges | KeyUsed | RevokedGet):
            return answer_without_store(effect)
        return UnavailableError(name, "not part of this row")
