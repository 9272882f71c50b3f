"""What a process that decides says of itself: revision, readiness, counters. Asked on any thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TypeVar

from gateline.runtime.admin import State
from gateline.runtime.engine import Engine
from gateline.runtime.metrics import Samples
from gateline.runtime.reload import Reloader

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
        revision = self._engine.pipeline.snapshot.revision
        not_ready = self._not_ready()
        taken, refused = self._reloader.counts
        samples = {
            **self._samples(),
            ("gateline_reloads_total", (("result", "taken"),)): taken,
            ("gateline_reloads_total", (("result", "refused"),)): refused,
            ("gateline_policy_processes", (("revision", revision),)): 1,
            ("gateline_ready_processes", ()): int(not not_ready),
        }
        error = self._reloader.last_error
        return State(revision, not_ready, samples, {"refused_policy": error} if error else {})

    def _not_ready(self) -> dict[str, str]:
        if self.draining:
            return {"server": "is draining"}
        try:
            return on_loop(self._loop, lambda: {**self._world_not_ready(), **self._engine.preparing}, ANSWER_S)
        except (TimeoutError, RuntimeError):
            return {"loop": f"does not answer within {ANSWER_S:g} s"}
