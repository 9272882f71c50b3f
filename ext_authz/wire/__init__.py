"""Our HTTP/2 and gRPC server: a protocol without sockets, and the asyncio shell around it."""

from __future__ import annotations

from ext_authz.wire.health import Health
from ext_authz.wire.limits import Limits
from ext_authz.wire.server import WireServer, serve

__all__ = ["Health", "Limits", "WireServer", "serve"]
