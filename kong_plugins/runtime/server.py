"""One process of the plugin server: an event loop, the plugins, their instances, and Kong's connections."""

import asyncio
import os
import socket
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any

from kong_plugins.protocol import msgpack_rpc, protobuf_rpc
from kong_plugins.runtime import hub
from kong_plugins.runtime.deadlines import Deadlines
from kong_plugins.runtime.event import Event
from kong_plugins.runtime.faults import FaultLog
from kong_plugins.runtime.instance_ids import InstanceIds
from kong_plugins.runtime.instances import Instance, Instances
from kong_plugins.runtime.msgpack_link import MsgPackLink
from kong_plugins.runtime.pdk import kong_class
from kong_plugins.runtime.peers import Peers
from kong_plugins.runtime.plugins import Plugin, load_all, names
from kong_plugins.runtime.pool import Pool
from kong_plugins.runtime.protobuf_link import ProtoBufLink
from kong_plugins.runtime.settings import Settings
from kong_plugins.runtime.shared_table import SharedTable
from kong_plugins.runtime.steps import Steps
from kong_plugins.runtime.strand import Turn
from kong_plugins.runtime.watchdog import Watchdog

START_S = 10.0
SWEEP_S = 30.0
PARENT_S = 1.0
GRACE_S = 2.0


class Server:
    """The composition of one process; `serve` runs it until it is told to stop."""

    def __init__(self, settings: Settings, loop: asyncio.AbstractEventLoop, process: int = 0) -> None:
        self.loop = loop
        self.lua_style = settings.lua_style
        self.processes = settings.processes
        self.faults = FaultLog()
        self.turn = Turn(loop)
        self.deadlines = Deadlines(loop, settings.deadline_s)
        self._starts = Deadlines(loop, max(START_S, settings.deadline_s))
        self._settings = settings
        self._pool = Pool(settings.pool_threads)
        self._ids = InstanceIds(settings.ids_path)
        shared = SharedTable(settings.shared) if settings.shared is not None else None
        self._instances = Instances(settings.idle_s, shared)
        paths = [settings.peer_path(number) for number in range(settings.processes)] if settings.shared else None
        self._steps = Steps(loop, process, paths)
        self._peers = Peers(settings.shared, process, settings.processes) if settings.shared is not None else None
        self._plugins: dict[str, Plugin] = {}
        codec = protobuf_rpc if settings.protocol == "protobuf" else msgpack_rpc
        self._kong = kong_class(codec.pdk_call)
        self._links: set[Any] = set()
        self._watchdog = Watchdog(self.turn, settings.deadline_s)
        self._stopping: asyncio.Future[None] = loop.create_future()

    # What events and connections ask for.

    def submit(self, work: Callable[[], None]) -> None:
        """See `Pool.submit`."""
        self._pool.submit(work)

    def attach(self, link: Any) -> None:
        """A connection is there."""
        self._links.add(link)

    def detach(self, link: Any) -> None:
        """A connection is gone."""
        self._links.discard(link)

    def start_instance(self, name: str, config: str, port: Any) -> Event:
        """The start of an instance, which has not begun; it fails for a plugin that is not here."""
        plugin = self._plugins.get(name)
        blocking = plugin is not None and plugin.blocking
        return Event(self, self._starts, port, name, "start", partial(self._start, name, config), blocking=blocking)

    def close_instance(self, instance_id: int) -> bool:
        """End an instance; says whether it was known."""
        return self._instances.close(instance_id)

    def event(self, instance_id: int, phase: str, port: Any) -> Event | None:
        """An event that has not begun; None for an id that no process of this server has given."""
        instance = self._instances.get(instance_id)
        if instance is not None:
            instance.used_s = monotonic()
            plugin = instance.plugin
            work = partial(self._run, instance, phase)
            return Event(self, self.deadlines, port, plugin.name, phase, work, blocking=plugin.blocking)
        found = self._instances.elsewhere(instance_id)
        if found is None:
            return None
        name, config = found
        known = self._plugins.get(name)
        work = partial(self._adopt, instance_id, name, config, phase)
        return Event(self, self.deadlines, port, name, phase, work, blocking=known is not None and known.blocking)

    # On the plugin's side.

    def _start(self, name: str, config: str) -> tuple[int, str]:
        plugin = self._known(name)
        if self._peers is not None and self._settings.protocol == "protobuf" and self._peers.one_is_dead():
            raise ConnectionError(
                "another process has died: it may have been this plugin, so it does not start for a second"
            )
        instance = Instance(self._ids.take(), plugin, plugin.new(config))
        self._instances.publish(instance.id, name, config)
        self._instances.add(instance)
        return instance.id, name

    def _adopt(self, instance_id: int, name: str, config: str, phase: str) -> None:
        plugin = self._known(name)
        instance = self._instances.get(instance_id) or Instance(instance_id, plugin, plugin.new(config))
        self._instances.add(instance)
        self._run(instance, phase)

    def _run(self, instance: Instance, phase: str) -> None:
        if phase not in instance.plugin.phases:
            raise AttributeError(f"{instance.plugin.name} has no phase {phase}")
        getattr(instance.object, phase)(self._kong())

    def _known(self, name: str) -> Plugin:
        plugin = self._plugins.get(name)
        if plugin is None:
            raise LookupError(f"there is no plugin {name} in {self._settings.directory}, or it could not be loaded")
        return plugin

    # Its life.

    async def serve(self, listeners: list[socket.socket], ready: Callable[[], None]) -> None:
        """Load the plugins, answer Kong until `stop`, and let events that run come to their end."""
        hub.install(self)
        if self._peers is not None:
            self._peers.join()
        self._load()
        self._watchdog.start()
        kind = ProtoBufLink if self._settings.protocol == "protobuf" else partial(MsgPackLink, steps=self._steps)
        servers = [await self.loop.create_unix_server(partial(kind, self), sock=listener) for listener in listeners]
        timers = [self.loop.call_later(SWEEP_S, self._sweep), self.loop.call_later(PARENT_S, self._look_at_parent)]
        ready()
        await self._stopping
        for server in servers:
            server.close()
        until = monotonic() + min(GRACE_S, self._settings.deadline_s)
        while len(self.deadlines) and monotonic() < until:
            await asyncio.sleep(0.01)
        for link in list(self._links):
            link.transport.close()
        for timer in timers:
            timer.cancel()
        await asyncio.sleep(0)
        self._watchdog.stop()
        self._pool.stop()
        hub.install(None)

    def stop(self) -> None:
        """Take no more connections, and end."""
        if not self._stopping.done():
            self._stopping.set_result(None)

    def _load(self) -> None:
        wanted = self._settings.plugins or names(self._settings.directory)
        self._plugins = load_all(self._settings.directory, wanted, self._settings.blocking, self._report_import)

    def _report_import(self, name: str, error: BaseException) -> None:
        self.faults.report(name, "import", error)

    def _sweep(self) -> None:
        self._instances.sweep()
        self.loop.call_later(SWEEP_S, self._sweep)

    def _look_at_parent(self) -> None:
        if self._settings.parent_pid not in {None, os.getppid()}:
            self.faults.note("gateline-kong-server: its parent has ended, and so does it")
            self.stop()
            return
        self.loop.call_later(PARENT_S, self._look_at_parent)
