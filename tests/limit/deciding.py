"""A gateway of a few lines whose limits are counted in memory, on a clock that a test sets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from gateline.config.load import load_data
from gateline.context import Context
from gateline.effects import Answer, Effect, Take
from gateline.pipeline.build import build
from gateline.pipeline.run import Pending, Pipeline
from gateline.runtime.drive import drive_now
from gateline.runtime.memory_store import MemoryStore
from gateline.schema.secret import Sources
from gateline.values.decision import Decision
from gateline.values.errors import UnavailableError
from gateline.values.headers import Headers
from gateline.values.identity import Identity
from gateline.values.request import Request

NOW = 1_790_000_000.25


class Gateway:
    """Decides requests; `away` makes the store fail."""

    def __init__(self, **fields: Any) -> None:
        data = {"version": 1, **fields}
        self.pipeline = Pipeline(
            build(load_data(data, "gateline.yaml", {}, Sources(Path(), {"P": "pepper"}))), self._see
        )
        self.now = NOW
        self.away = False
        self.takes: list[Take] = []
        self.context: Context
        self.store = MemoryStore(lambda: int(self.now * 1_000_000))
        self.local = MemoryStore(lambda: int(self.now * 1_000_000))

    def decide(self, path: str = "/a", peer: str = "203.0.113.9") -> Decision:
        """The decision on one request."""
        request = Request("GET", path, "api.example.com", Headers(), peer, self.now)
        return drive_now(self.pipeline.decide(request, explain=True), self._perform)

    def keys(self) -> list[str]:
        """Every store key that was charged, in order."""
        return [charge.key for take in self.takes for charge in take.charges]

    def _perform(self, effect: Effect) -> Answer:
        assert isinstance(effect, Take)
        self.takes.append(effect)
        if effect.local:
            return self.local.take(effect.charges)
        if self.away:
            raise UnavailableError("store", "is away")
        return self.store.take(effect.charges)

    def _see(self, context: Context) -> None:
        self.context = context


def charge_as(gateway: Gateway, identity: Identity | None, peer: str = "203.0.113.9", route: str = "a") -> Decision:
    """A decision on a route for an identity that is already known: its steps after authentication."""
    built = gateway.pipeline.snapshot.routes[route]
    context = Context(Request("GET", "/a", "h", Headers(), peer, gateway.now))
    context.path, context.client, context.identity = "/a", peer, identity
    context.route, context.shadow = built, built.shadow
    steps = tuple(step for step in built.steps if step.name == "limit by identity")
    state = gateway.pipeline._walk(context, replace(built, steps=steps), 0)
    return drive_now(state, gateway._perform) if isinstance(state, Pending) else state
