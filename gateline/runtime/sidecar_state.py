"""What a process that decides says of itself: revision, readiness, counters. Asked on any thread."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import TypeVar

from gateline.runtime.admin import State
from gateline.runtime.engine import Engine
from gateline.runtime.exposition import to_json
from gateline.runtime.metrics import Samples, sample
from gateline.runtime.reload import Reloader
from gateline.values.errors import ConfigError

T = TypeVar("T")
ANSWER_S = 1.0


def on_loop(loop: asyncio.AbstractEventLoop, run: Callable[[], T], within_s: float = 5.0) -> T:
    """What `run` returns on the loop's thread; TimeoutError where the loop does not get to it."""
    future: Future[T] = Future()

    def call() -> None:
        try:
            future.set_result(run())
        except Exception as error:  # noqa: BLE001  # it is raised where it is asked for
            future.set_exception(error)

    loop.call_soon_threadsafe(call)
    return future.result(within_s)


def answers_of(state: SidecarState, apply: Callable[[], str]) -> Mapping[str, Callable[[], Iterable[str]]]:
    """What a worker answers to its supervisor's questions, as JSON; `apply` reloads, and returns the new revision."""

    def told() -> list[str]:
        now = state()
        return [json.dumps({"revision": now.revision, "not_ready": now.not_ready})]

    def reload() -> list[str]:
        try:
            return [json.dumps({"revision": apply()})]
        except ConfigError as error:
            return [json.dumps({"error": str(error)})]

    return {"state": told, "samples": lambda: to_json(state.samples()), "reload": reload}


class SidecarState:
    """Gives the state. A loop that does not answer within a second is not ready."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        engine: Engine,
        world_not_ready: Callable[[], Mapping[str, str]],
        samples: Callable[[], Samples],
        reloader: Reloader,
    ) -> None:
        self._loop = loop
        self._engine = engine
        self._world_not_ready = world_not_ready
        self._samples = samples
        self._reloader = reloader
        self.draining = False

    def __call__(self) -> State:
        """The state now."""
        error = self._reloader.last_error
        return State(self._revision, self._not_ready(), {"refused_policy": error} if error else {})

    def samples(self) -> Samples:
        """The counters now; the caller's own."""
        taken, refused = self._reloader.counts
        return {
            **self._samples(),
            sample("gateline_reloads_total", result="taken"): taken,
            sample("gateline_reloads_total", result="refused"): refused,
            sample("gateline_policy_processes", revision=self._revision): 1,
            "gateline_ready_processes": int(not self._not_ready()),
        }

    @property
    def _revision(self) -> str:
        return self._engine.pipeline.snapshot.revision

    def _not_ready(self) -> dict[str, str]:
        if self.draining:
            return {"server": "is draining"}
        try:
            return on_loop(self._loop, lambda: {**self._world_not_ready(), **self._engine.preparing}, ANSWER_S)
        except (TimeoutError, RuntimeError):
            return {"loop": f"does not answer within {ANSWER_S:g} s"}
