"""Listening: TCP, Unix sockets and TLS, one loop, any number of connections."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ext_authz.rpc import Handlers, StreamingHandler, Tls
from ext_authz.wire.health import Health
from ext_authz.wire.health_service import health_handlers, health_streams
from ext_authz.wire.limits import Limits
from ext_authz.wire.reflection import reflection_streams
from ext_authz.wire.services import Services
from ext_authz.wire.shell import Shell

_TICK_S = 1.0
_NO_STREAMS: Mapping[str, StreamingHandler] = {}


class WireServer:
    """A running server; see `ext_authz.rpc.Server`."""

    def __init__(self, listener: asyncio.Server, address: str, shells: set[Shell], status: Health) -> None:
        self.address = address
        self._listener = listener
        self._shells = shells
        self._health = status
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(_TICK_S, self._tick)

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._shells)

    async def drain(self, grace_s: float) -> None:
        """Take no new connection or call, let the running calls end for `grace_s` seconds, then close."""
        self._health.set_all(False)
        self._listener.close()
        for shell in tuple(self._shells):
            shell.drain()
        until = self._loop.time() + grace_s
        while self._shells and self._loop.time() < until:
            await asyncio.sleep(0.02)
        await self.close()

    async def close(self) -> None:
        """Stop at once; running calls are cancelled."""
        self._timer.cancel()
        self._listener.close()
        for shell in tuple(self._shells):
            shell.close()
        if self.address.startswith("unix:"):
            Path(self.address.removeprefix("unix:")).unlink(missing_ok=True)
        await asyncio.sleep(0)  # the last writes go out

    def _tick(self) -> None:
        self._timer = self._loop.call_later(_TICK_S, self._tick)
        for shell in tuple(self._shells):
            shell.tick(_TICK_S)


async def serve(
    handlers: Handlers,
    listen: str,
    *,
    streaming: Mapping[str, StreamingHandler] = _NO_STREAMS,
    status: Health | None = None,
    tls: Tls | None = None,
    limits: Limits | None = None,
    reflected: Sequence[str] = (),
) -> WireServer:
    """Serve `handlers` on `listen` (HOST:PORT or unix:PATH) with health, on the running loop.

    `reflected` names the services that reflection lists (their generated modules must be imported); without any there
    is no reflection. Raises OSError when the address cannot be had.
    """
    status = status or Health()
    limits = limits or Limits()
    streams = {**health_streams(status), **(reflection_streams(reflected) if reflected else {}), **streaming}
    services = Services({**health_handlers(status), **handlers}, streams)
    shells: set[Shell] = set()
    loop = asyncio.get_running_loop()
    secure: dict[str, Any] = {}
    if tls:
        secure = {"ssl": _tls_context(tls), "ssl_handshake_timeout": limits.header_timeout_s}
    if listen.startswith("unix:"):
        path = listen.removeprefix("unix:")
        listener = await loop.create_unix_server(lambda: Shell(services, limits, shells), path, **secure)
        return WireServer(listener, listen, shells, status)
    host, _, port = listen.rpartition(":")
    bare_host = host.removeprefix("[").removesuffix("]")
    listener = await loop.create_server(lambda: Shell(services, limits, shells), bare_host, int(port), **secure)
    return WireServer(listener, f"{host}:{listener.sockets[0].getsockname()[1]}", shells, status)


def _tls_context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tls.certificate, tls.private_key)
    context.set_alpn_protocols(["h2"])
    if tls.client_ca is not None:
        context.load_verify_locations(tls.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
