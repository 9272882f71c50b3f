"""What a transport and a handler say to each other: bytes in, bytes out, at once or later.

A handler gets the request message's bytes and the `Call`. It returns the answer's bytes, or None and calls
`call.answer(...)` or `call.fail(...)` later, on the loop's thread. A handler that raises is a failed call
(INTERNAL, the exception's text stays in our log). Transports: `ext_authz.wire` and `ext_authz.grpcio_transport`;
each has `async def serve(handlers, listen, ...) -> Server`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Protocol


class Status(IntEnum):
    """gRPC status codes (grpc/doc/statuscodes.md), those that we use."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    RESOURCE_EXHAUSTED = 8
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14


class RpcError(Exception):
    """A handler's way to end a call with a status; `message` reaches the peer, so it holds nothing secret."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Call(Protocol):
    """One call as its handler sees it. Answering after the peer cancelled is allowed and does nothing."""

    @property
    def timeout_s(self) -> float | None:
        """Seconds that the peer grants from the call's start (`grpc-timeout`), None when it named none."""

    def answer(self, message: bytes) -> None:
        """End the call with this message and status OK."""

    def fail(self, status: Status, message: str) -> None:
        """End the call with an error."""

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Call back once if the peer cancels or its connection ends before the answer."""


Handler = Callable[[bytes, Call], bytes | None]

# Full method path, as in HTTP/2's :path: "/envoy.service.auth.v3.Authorization/Check".
Handlers = Mapping[str, Handler]


class StreamingCall(Protocol):
    """A call of many messages, as its handler sees it. Sending after its end is allowed and does nothing."""

    @property
    def timeout_s(self) -> float | None:
        """As `Call.timeout_s`."""

    def send(self, message: bytes) -> None:
        """Send a message. A peer that takes too few of them loses the call."""

    def finish(self, status: Status = Status.OK, message: str = "") -> None:
        """End the call."""


class Receiver(Protocol):
    """What a streaming handler is told, on the loop's thread. Whatever it raises ends the call (INTERNAL)."""

    def message(self, message: bytes) -> None:
        """The peer sent this."""

    def half_closed(self) -> None:
        """The peer sends no more; it still waits for answers."""

    def cancelled(self) -> None:
        """The peer or its connection is gone, or its deadline passed; not called after `finish`."""


StreamingHandler = Callable[[StreamingCall], Receiver]
StreamingHandlers = Mapping[str, StreamingHandler]


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files of a TLS listener; with `client_ca` every peer must show a certificate that it signed."""

    certificate: Path
    private_key: Path
    client_ca: Path | None = None


class Server(Protocol):
    """A listener that serves. Both methods may be called more than once and in any order."""

    @property
    def address(self) -> str:
        """Where it listens, in the form of `listen`, with the port that the kernel chose for port 0."""

    async def drain(self, grace_s: float) -> None:
        """Take no new connection or call, let the running calls end for `grace_s` seconds, then close."""

    async def close(self) -> None:
        """Stop at once; running calls are cancelled."""
