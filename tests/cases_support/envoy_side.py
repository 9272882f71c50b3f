"""Runs rows through a real Envoy and the real Check service: one Envoy with a listener for every gateway."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

from bench.gateway.processes import free_ports
from ext_authz.check import METHOD, check_handler
from ext_authz.wire import WireServer, serve
from gateline.compile.envoy import EnvoyOptions, compile_envoy
from gateline.runtime.engine import Engine
from tests.cases_support.client import send
from tests.cases_support.gateways import Prepared
from tests.cases_support.request import request_of
from tests.cases_support.table import Case
from tests.cases_support.view import View
from tests.cases_support.world import RowWorld
from tests.compile.envoy_process import Envoy


class EnvoySide:
    """Every gateway behind its own port of one Envoy; made and closed on the same thread."""

    def __init__(self, gateways: list[Prepared], folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._engines: dict[str, Engine] = {}
        self._servers: list[WireServer] = []
        self._ports = {prepared.key: free_ports(1) for prepared in gateways}
        configs = []
        for index, prepared in enumerate(gateways):
            sidecar = self._serve(prepared)
            options = EnvoyOptions(
                listen=f"127.0.0.1:{self._ports[prepared.key]}",
                sidecars=(sidecar,),
                access_log=None,
                proxy_protocol=True,
            )
            configs.append(renamed(compile_envoy(prepared.loaded, options), f"g{index}."))
        self._envoy = Envoy(joined(configs), folder)

    def _serve(self, prepared: Prepared) -> str:
        engine = self._engines[prepared.key] = Engine(prepared.loaded, RowWorld({}), self._loop.time)
        handlers = {METHOD: check_handler(engine, time.time)}
        server = asyncio.run_coroutine_threadsafe(serve(handlers, "127.0.0.1:0"), self._loop).result(10)
        self._servers.append(server)
        return server.address

    def run(self, case: Case, prepared: Prepared) -> View:
        """The last answer of the row; each row begins with full buckets."""
        self._engines[prepared.key].world = RowWorld({})
        row = request_of(case)
        view = None
        for _ in range(case.repeat):
            view = send(row, self._ports[prepared.key], tls=prepared.loaded.gateway.tls is not None)
        assert view is not None
        return view

    def close(self) -> None:
        """End Envoy and the services."""
        self._envoy.close()
        for server in self._servers:
            asyncio.run_coroutine_threadsafe(server.close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


def renamed(config: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The configuration with a prefix on every name of a listener and a cluster."""
    resources = config["static_resources"]
    for resource in (*resources["listeners"], *resources["clusters"]):
        resource["name"] = prefix + resource.get("name", "listener")
    _rename(config, prefix)
    return config


def _rename(node: Any, prefix: str) -> None:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in {"cluster", "cluster_name"} and isinstance(value, str):
                node[key] = prefix + value
            elif key == "weighted_clusters":
                for cluster in value["clusters"]:
                    cluster["name"] = prefix + cluster["name"]
            else:
                _rename(value, prefix)
    elif isinstance(node, list):
        for item in node:
            _rename(item, prefix)


def joined(configs: list[dict[str, Any]]) -> dict[str, Any]:
    """One bootstrap with the listeners, clusters and switches of all."""
    first = configs[0]
    layers = [layer for config in configs for layer in config.get("layered_runtime", {}).get("layers", [])]
    switches = {name: value for layer in layers for name, value in layer["static_layer"].items()}
    if switches:
        first["layered_runtime"] = {"layers": [{"name": "cases", "static_layer": switches}]}
    rest = [config["static_resources"] for config in configs[1:]]
    for resources in rest:
        first["static_resources"]["listeners"] += resources["listeners"]
        first["static_resources"]["clusters"] += resources["clusters"]
    first["node"] = {"id": "cases", "cluster": "cases"}
    first["admin"] = {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}}
    return first
