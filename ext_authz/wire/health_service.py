"""grpc.health.v1 on our own transport: Check and Watch, with messages so small that they are made by hand.

HealthCheckRequest is `string service = 1`; HealthCheckResponse is `ServingStatus status = 1`.
"""

from __future__ import annotations

from ext_authz.rpc import (
    Call,
    Handlers,
    RpcError,
    Status,
    StreamingCall,
    StreamingHandlers,
)
from ext_authz.wire.health import Health

CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"

_SERVING = b"\x08\x01"
_NOT_SERVING = b"\x08\x02"
_SERVICE_UNKNOWN = b"\x08\x03"  # only Watch says it; Check fails with NOT_FOUND


def health_handlers(health: Health) -> Handlers:
    """The unary half."""

    def check(message: bytes, _call: Call) -> bytes:
        serving = health.get(service_name(message))
        if serving is None:
            raise RpcError(Status.NOT_FOUND, "unknown service")
        return _SERVING if serving else _NOT_SERVING

    return {CHECK: check}


def health_streams(health: Health) -> StreamingHandlers:
    """The streaming half."""
    return {WATCH: lambda call: _Watch(health, call)}


def service_name(message: bytes) -> str:
    """The service that a HealthCheckRequest names; RpcError if the message is no such thing."""
    if not message:
        return ""
    size = message[1] if len(message) > 1 else 255
    if message[0] != 0x0A or size > 127 or len(message) != size + 2:  # 127: names are short, lengths one octet
        raise RpcError(Status.INVALID_ARGUMENT, "not a HealthCheckRequest")
    return message[2:].decode("utf-8", "replace")


class _Watch:
    """One Watch call: tells the status now and each time it differs."""

    def __init__(self, health: Health, call: StreamingCall) -> None:
        self._health = health
        self._call = call
        self._service: str | None = None
        self._told = b""

    def message(self, message: bytes) -> None:
        """The request; more than one is an error."""
        if self._service is not None:
            raise RpcError(Status.INVALID_ARGUMENT, "Watch takes one message")
        self._service = service_name(message)
        self._health.watch(self._changed)
        if not self._told:
            self._tell(_SERVICE_UNKNOWN)

    def half_closed(self) -> None:
        """The peer only listens now."""
        if self._service is None:
            raise RpcError(Status.INVALID_ARGUMENT, "Watch takes one message")

    def cancelled(self) -> None:
        """Nobody listens any more."""
        if self._service is not None:
            self._health.unwatch(self._changed)

    def _changed(self, service: str, serving: bool) -> None:
        if service == self._service:
            self._tell(_SERVING if serving else _NOT_SERVING)

    def _tell(self, status: bytes) -> None:
        if status != self._told:
            self._told = status
            self._call.send(status)
