"""The engine: the pipeline of the policy in force, the world it runs in, and the swap to the next policy."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from gateline.config.load import Loaded
from gateline.pipeline.build import Snapshot, build
from gateline.pipeline.run import Observer, Pending, Pipeline, ignore
from gateline.runtime.drive import World, drive
from gateline.runtime.prepare import prepare
from gateline.values.decision import Decision
from gateline.values.request import Request


class Engine:
    """Decides with the policy in force. All of it belongs to one thread."""

    __slots__ = ("_observe", "clock", "loaded", "pipeline", "preparing", "world")

    def __init__(self, loaded: Loaded, world: World, clock: Callable[[], float], observe: Observer = ignore) -> None:
        """`clock` is the monotonic one by which `world` counts deadlines (`loop.time`), in seconds."""
        self._observe = observe
        self.world = world
        self.clock = clock
        # What the first policy still fetches; a later one fetches while requests are judged.
        self.preparing = self.install(loaded, build(loaded))

    def swap(self, loaded: Loaded) -> None:
        """Put another policy in force, whole; `ConfigError` leaves the one that is."""
        self.install(loaded, build(loaded))

    def install(self, loaded: Loaded, snapshot: Snapshot) -> Mapping[str, str]:
        """Put a policy in force whose snapshot was built elsewhere (it may take longer than the loop can wait).

        Returns what its methods still fetch, see `prepare`.
        """
        self.pipeline = Pipeline(snapshot, self._observe)
        self.loaded = loaded
        return prepare(snapshot.methods.values(), self.world, self.clock, time.time())

    def decide(
        self, request: Request, done: Callable[[Decision], None], within_s: float | None = None
    ) -> Decision | None:
        """The decision at once, or None and `done` gets it on the loop's thread; see `wait`."""
        state = self.pipeline.decide(request)
        return self.wait(state, done, within_s) if isinstance(state, Pending) else state

    def wait(self, state: Pending, done: Callable[[Decision], None], within_s: float | None) -> Decision | None:
        """Ask the world what a decision waits for.

        `within_s` is the peer's own deadline; the check's budget holds where it is shorter.
        """
        budget_s = state.check_s
        if within_s is not None and within_s < budget_s:
            budget_s = within_s
        return drive(state, self.world, self.clock() + budget_s, done)
