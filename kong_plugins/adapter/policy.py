"""A policy as plugins of this process share it: one engine for each configuration, however often Kong starts it anew.

Kong restarts every instance when any of its configuration changes. Buckets, keys and verified tokens must outlive that,
so that they belong to the policy and its store, not to an instance.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from gateline.config.load import Loaded
from gateline.context import Context
from gateline.pipeline.build import Snapshot, build
from gateline.runtime.decision_log import DecisionLog
from gateline.runtime.engine import Engine
from gateline.runtime.log_line import console_line, json_line
from gateline.runtime.metrics import Metrics
from gateline.runtime.observe import Watcher
from gateline.values.decision import Decision
from kong_plugins.adapter import waiting
from kong_plugins.adapter.reading import Reading, Readings
from kong_plugins.adapter.request import KongRequest
from kong_plugins.adapter.worlds import made_for
from kong_plugins.runtime import hub


class Policy:
    """Judges requests. Made on any thread; its engine lives on the loop."""

    def __init__(self, loaded: Loaded, least: Reading = Reading()) -> None:  # noqa: B008  # frozen
        """`least`: how much of a request is read in any case."""
        snapshot = build(loaded)
        self.log = DecisionLog(loaded.gateway.decision_log.level, _write)
        self._logging = False
        self._watcher = Watcher(Metrics(), self.log, json_line, time.time, loaded.revision)
        self._least = least
        self._readings = Readings(snapshot, least)
        made = waiting.on_loop(lambda: made_for(loaded))
        # A request follows at once, and must not find a store to which nobody has come yet.
        waiting.until(made.open)
        self._engine = waiting.on_loop(lambda: Engine(loaded, made.world, waiting.loop().time, _keep))
        self.install(loaded, snapshot)

    def install(self, loaded: Loaded, snapshot: Snapshot) -> None:
        """Put a policy in force, on any thread; requests on their way end by the one that they began with."""
        waiting.on_loop(lambda: self._install(loaded, snapshot))

    def _install(self, loaded: Loaded, snapshot: Snapshot) -> None:
        config = loaded.gateway.decision_log
        self._engine.install(loaded, snapshot)
        self._readings = Readings(snapshot, self._least)
        self._watcher.revision = loaded.revision
        self._watcher.form = json_line if config.format == "json" else console_line(colour=False)
        self.log.level = config.level
        if config.level != "off" and not self._logging:
            self._logging = True
            self.log.start()

    @property
    def readings(self) -> Readings:
        """How requests are read under the policy in force."""
        return self._readings

    def decide(self, request: KongRequest) -> Decision:
        """The decision; the plugin waits for it, others go on."""

        def start(resolve: Callable[[Decision], None], _: Callable[[BaseException], None]) -> None:
            decision = self._engine.decide(request, resolve, hub.remaining_s())
            if decision is not None:
                resolve(decision)

        return waiting.wait(start, self._readings.snapshot.check_s)

    def note(self, context: Context) -> None:
        """Count a decision and log it; after it was made, since the log wants what costs a PDK call."""
        self._watcher.see(context)


def _keep(context: Context) -> None:
    """The engine's observer: leaves the context with the request."""
    if isinstance(context.request, KongRequest):
        context.request.context = context


def _write(lines: bytes) -> None:
    sys.stdout.buffer.write(lines)
    sys.stdout.buffer.flush()
