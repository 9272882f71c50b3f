"""The transports by the name that `--transport` gives them; each imports its library only when it is chosen."""

from __future__ import annotations

from typing import Final

from ext_authz.rpc import Handlers, Server
from ext_authz.wire.health import Health


def service_names(handlers: Handlers) -> tuple[str, ...]:
    """The services to which the methods belong: `/envoy.….Authorization/Check` is the first one's."""
    return tuple(dict.fromkeys(path.split("/")[1] for path in handlers))


async def listen(transport: str, handlers: Handlers, address: str, health: Health) -> Server:
    """A server that listens; OSError where it can't have the address."""
    return await _START[transport](handlers, address, health)


async def _grpcio(handlers: Handlers, address: str, health: Health) -> Server:
    from ext_authz.grpcio_transport import serve  # noqa: PLC0415  # see above

    return await serve(handlers, address, status=health, reflected=service_names(handlers))


async def _wire(handlers: Handlers, address: str, health: Health) -> Server:
    from ext_authz.wire import serve  # noqa: PLC0415  # see above

    return await serve(handlers, address, status=health, reflected=service_names(handlers))


_START: Final = {"wire": _wire, "grpcio": _grpcio}
