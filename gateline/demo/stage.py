"""Sets the demo up: backends, store, sidecar, Envoy; each is started as soon as it can be and waited for at the end."""

from __future__ import annotations

import json
import socket
import sys
from dataclasses import replace
from pathlib import Path

import click

from gateline.compile.envoy import EnvoyOptions, compile_envoy
from gateline.config.load import Loaded
from gateline.config.upstream import Server, Upstream
from gateline.demo.parts import PartError, Parts
from gateline.demo.probe import accepts, answers_200, answers_200_at, listening, pongs
from gateline.demo.servers import envoy_command, valkey_command
from gateline.runtime.addresses import host_and_port

BACKENDS = ("users", "orders", "products")
START_S = 20.0


class Stage:
    """The demo on `port` (Envoy) and `port + 1` (admin), with its files in `folder`."""

    def __init__(self, loaded: Loaded, port: int, folder: Path, parts: Parts) -> None:
        self._loaded = loaded
        self._port = port
        self._folder = folder
        self._parts = parts

    def set_up(self) -> bool:
        """Start everything and wait until it is ready; False where the user ended it first."""
        for port, what in ((self._port, "Envoy"), (self._port + 1, "the admin port")):
            _claim(port, what)
        loaded = self._start_backends()
        store = self._start_store()
        check = self._folder / "check.sock"
        self._start_sidecar(check, store)
        envoy_admin = self._folder / "envoy-admin.sock"
        config = self._folder / "envoy.json"
        options = EnvoyOptions(f"127.0.0.1:{self._port}", (f"unix:{check}",), f"unix:{envoy_admin}", access_log=None)
        config.write_text(json.dumps(compile_envoy(loaded, options)))
        wait = self._parts.wait
        if not wait("sidecar", lambda: answers_200(self._port + 1, "/readyz"), START_S):
            return False
        self._parts.start("envoy", envoy_command(config))
        return wait("envoy", lambda: answers_200_at(envoy_admin, "/ready") and accepts(self._port), START_S)

    def _start_backends(self) -> Loaded:
        """The demo's backends where the policy has them, and the policy with the addresses that they got."""
        arguments, fds, upstreams, sockets = [], [], [], []
        for upstream in self._loaded.gateway.upstreams:
            if upstream.id in BACKENDS and (wanted := _local_port(upstream)) is not None:
                made, address = _serve_near(upstream.id, wanted)
                sockets.append(made)
                fds.append(made.fileno())
                arguments.append(f"{upstream.id}={made.fileno()}")
                upstreams.append(upstream.model_copy(update={"servers": (Server(address=address),)}))
            else:
                upstreams.append(upstream)
        if arguments:
            self._parts.start("backends", [sys.executable, "-m", "gateline.demo.backends", *arguments], fds=fds)
        for made in sockets:
            made.close()
        return replace(self._loaded, gateway=self._loaded.gateway.model_copy(update={"upstreams": tuple(upstreams)}))

    def _start_store(self) -> str | None:
        """The store's URL; None for the sidecar's own memory."""
        path = self._folder / "valkey.sock"
        command = valkey_command(path, self._folder)
        if command is None:
            click.echo("no Valkey for this machine: limits are counted in the sidecar's memory", err=True)
            return None
        self._parts.start("valkey", command)
        self._parts.wait("valkey", lambda: pongs(path), START_S)
        return f"unix://{path}"

    def _start_sidecar(self, check: Path, store: str | None) -> None:
        command = [
            sys.executable,
            "-m",
            "gateline",
            "serve",
            "--config",
            self._loaded.file,
            "--listen",
            f"unix:{check}",
        ]
        command += ["--admin", f"127.0.0.1:{self._port + 1}", "--drain", "1", "--log-level", "warning"]
        self._parts.start("sidecar", [*command, *(("--store", store) if store else ())], shown=True)


def _claim(port: int, what: str) -> None:
    """`PartError` where somebody listens on the port already; Envoy itself would share it without a word."""
    try:
        listening("127.0.0.1", port).close()
    except OSError as error:
        hint = "choose another: make run PORT=12000, or gateline run --port 12000"
        raise PartError(f"port {port} (for {what}) can't be used: {error.strerror}; {hint}") from error


def _local_port(upstream: Upstream) -> int | None:
    host, port = host_and_port(upstream.servers[0].address)
    return port if host in ("127.0.0.1", "localhost") and len(upstream.servers) == 1 else None


def _serve_near(name: str, port: int) -> tuple[socket.socket, str]:
    """A listening socket for a backend, on the policy's port or on a free one, and its address."""
    try:
        made = listening("127.0.0.1", port)
    except OSError:
        made = listening("127.0.0.1", 0)
        click.echo(f"port {port} is in use: the demo's {name} are on port {made.getsockname()[1]}", err=True)
    return made, f"127.0.0.1:{made.getsockname()[1]}"
