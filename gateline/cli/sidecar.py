"""The composition root of a process that decides: policy → engine → handlers → transport.

Everything that a decision touches belongs to the loop's thread. Log, reload and admin have threads of their own and
reach the loop by `on_loop`.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
import time

from ext_authz import check, rate_limit
from ext_authz.rpc import Handlers, Server
from ext_authz.wire.health import Health
from gateline.cli.options import ServeOptions
from gateline.cli.policy import open_policy
from gateline.cli.transport import listen, service_names
from gateline.config.gateway import DecisionLog as LogConfig
from gateline.config.load import Loaded
from gateline.pipeline.build import Snapshot
from gateline.pipeline.run import Pipeline
from gateline.runtime.addresses import bare_host, host_and_port
from gateline.runtime.admin import Admin
from gateline.runtime.channel import answer
from gateline.runtime.decision_log import DecisionLog
from gateline.runtime.engine import Engine
from gateline.runtime.log_line import Format, console_line, json_line
from gateline.runtime.made_world import make_world, store_url
from gateline.runtime.metrics import Metrics, Samples
from gateline.runtime.observe import Watcher
from gateline.runtime.reload import Reloader
from gateline.runtime.replacement import collection_deferred, read_and_built, take_apart
from gateline.runtime.sidecar_state import SidecarState, answers_of, on_loop

_LOG = logging.getLogger("gateline")


def handlers_of(engine: Engine, metrics: Metrics) -> Handlers:
    """Every service that the sidecar offers."""
    return {
        check.METHOD: check.check_handler(engine, time.time),
        rate_limit.METHOD: rate_limit.rate_limit_handler(engine, time.time, metrics.count_domain),
    }


def run_sidecar(options: ServeOptions) -> None:
    """Serve until SIGTERM or SIGINT; `ConfigError` or OSError where it can't begin."""
    import uvloop  # noqa: PLC0415  # not on every platform

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_Sidecar(options).serve())


class _Sidecar:
    def __init__(self, options: ServeOptions) -> None:
        self._options = options
        self._policy = open_policy(options.config)
        self._metrics = Metrics()
        self._stop = asyncio.Event()

    async def serve(self) -> None:
        loop = self._loop = asyncio.get_running_loop()
        with collection_deferred():
            await self._begin(loop)
        self._reloader = Reloader(self._policy, self.apply)
        self._state = SidecarState(loop, self._engine, self._world.not_ready, self._samples_of, self._reloader)
        self._signals(loop)
        self._log.start()
        handlers = handlers_of(self._engine, self._metrics)
        health = Health(service_names(handlers))
        server = await listen(self._options.transport, handlers, self._options.listen, health)
        admin = self._report()
        _LOG.info("policy %s serves on %s", self._watcher.revision, server.address)
        try:
            await self._stop.wait()
        finally:
            await self._end(server, admin)

    async def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Read the policy and make what decides by it."""
        loaded = self._policy.read()
        gateway = loaded.gateway
        url = store_url(loaded, self._options.store)
        store_s = gateway.budgets.store_ms / 1000
        self._log = DecisionLog(gateway.decision_log.level, _write)
        self._watcher = Watcher(self._metrics, self._log, _form(gateway.decision_log), time.time, "")
        self._world = make_world(loop, url, self._options.share, gateway.namespace, store_s)
        await self._world.open()
        self._engine = Engine(loaded, self._world.world, loop.time, self._watcher.see)
        self._watcher.revision = self._engine.pipeline.snapshot.revision

    def _report(self) -> Admin | None:
        """Answer for this process: to the supervisor, or on the admin port, and then it reloads by itself too."""
        if self._options.control is not None:
            answer(
                socket.socket(fileno=self._options.control), answers_of(self._state, self.apply), self._supervisor_gone
            )
            return None
        host, port = host_and_port(self._options.admin)
        admin = Admin(bare_host(host), port, self._state, self._state.samples)
        admin.start()
        self._reloader.start()
        _LOG.info("admin on http://%s", admin.address)
        return admin

    def _supervisor_gone(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)

    def _signals(self, loop: asyncio.AbstractEventLoop) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reloader.ask)

    async def _end(self, server: Server, admin: Admin | None) -> None:
        _LOG.info("draining")
        self._state.draining = True
        self._reloader.close()
        await server.drain(self._options.drain_s)
        self._world.close()
        self._log.close()
        if admin is not None:
            admin.close()

    def apply(self) -> str:
        """Load, build, and put in force; on any thread but the loop's."""
        with collection_deferred():
            loaded, snapshot = read_and_built(self._policy.read)
            take_apart([on_loop(self._loop, lambda: self._install(loaded, snapshot))])
        return snapshot.revision

    def _install(self, loaded: Loaded, snapshot: Snapshot) -> tuple[Loaded, Pipeline]:
        """Put a policy in force; the one that was."""
        old = self._engine.loaded, self._engine.pipeline
        config = loaded.gateway.decision_log
        self._engine.install(loaded, snapshot)
        self._watcher.revision = snapshot.revision
        self._watcher.form = _form(config)
        self._log.level = config.level
        return old

    def _samples_of(self) -> Samples:
        dropped = {"gateline_log_lines_dropped_total": self._log.dropped}
        return {**self._metrics.samples(), **self._world.samples(), **dropped}


def _form(config: LogConfig) -> Format:
    return json_line if config.format == "json" else console_line(colour=sys.stdout.isatty())


def _write(lines: bytes) -> None:
    sys.stdout.buffer.write(lines)
    sys.stdout.buffer.flush()
