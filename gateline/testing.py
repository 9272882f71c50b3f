"""A policy in memory, for the tests of those who write policies and methods of authentication.

`pytest_plugins = ["gateline.testing"]` in a `conftest.py` gives the fixture `gateline_policy`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gateline.config.load import Loaded, load, load_data
from gateline.context import Context, Note
from gateline.effects import Answer, Effect, InPool, KeyChanges, KeyGet, KeyUsed, RevokedGet, Take
from gateline.pipeline.build import build
from gateline.pipeline.run import Pipeline
from gateline.runtime.drive import drive_now
from gateline.runtime.key_places import answer_without_store
from gateline.runtime.memory_store import MemoryStore
from gateline.schema.secret import Sources
from gateline.values.decision import Decision
from gateline.values.errors import UnavailableError
from gateline.values.headers import Headers
from gateline.values.request import Certificate, Request

World = Callable[[Effect], Answer]


def no_world(effect: Effect) -> Answer:
    """A world in which every dependency is away."""
    raise UnavailableError(type(effect).__name__, "nothing answers it in this test")


class MemoryWorld:
    """The world of one process without a store and without a network; blocking code runs here and now."""

    def __init__(self) -> None:
        self._buckets = MemoryStore(lambda: time.time_ns() // 1000)

    def __call__(self, effect: Effect) -> Answer:
        """The answer to an effect."""
        if isinstance(effect, Take):
            return self._buckets.take(effect.charges)
        if isinstance(effect, InPool):
            return effect.run()
        if isinstance(effect, KeyGet | KeyChanges | KeyUsed | RevokedGet):
            return answer_without_store(effect)
        return no_world(effect)


class Policy:
    """A gateway policy that judges requests; `now_unix_s` is its clock, and stands still."""

    def __init__(self, loaded: Loaded, world: World | None = None, now_unix_s: float | None = None) -> None:
        self.now_unix_s = time.time() if now_unix_s is None else now_unix_s
        self.world: World = MemoryWorld() if world is None else world
        self.loaded = loaded
        self.notes: Sequence[Note] = ()
        self.pipeline = Pipeline(build(loaded), self._observe)

    def decide(
        self,
        method: str = "GET",
        path: str = "/",
        headers: Sequence[tuple[str, str]] | Mapping[str, str] = (),
        *,
        host: str = "api.example.com",
        peer: str = "198.51.100.7",
        certificate: Certificate | None = None,
        route: str | None = None,
        body: bytes | None = None,
    ) -> Decision:
        """The decision on a request. `notes` then holds what `gateline explain` would say."""
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        request = Request(
            method=method,
            target=path,
            host=host,
            headers=Headers.of(pairs),
            peer=peer,
            now=self.now_unix_s,
            route=route,
            body=body,
            certificate=certificate,
        )
        return drive_now(self.pipeline.decide(request, explain=True), self.world)

    def _observe(self, context: Context) -> None:
        self.notes = context.notes or ()


class PolicyMaker:
    """What the fixture gives: policies from a file, or from data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def from_file(self, path: Path | str, **rest: Any) -> Policy:
        """The policy of a gateway file."""
        return Policy(load(path, {}), **rest)

    def __call__(self, gateway: Mapping[str, Any], **rest: Any) -> Policy:
        """The policy of inline data; files that it names stand in `folder`."""
        loaded = load_data({"version": 1, **gateway}, "inline", {}, Sources(self.folder, {}))
        return Policy(loaded, **rest)


@pytest.fixture
def gateline_policy(tmp_path: Path) -> PolicyMaker:
    """Makes policies that run in memory."""
    return PolicyMaker(tmp_path)
