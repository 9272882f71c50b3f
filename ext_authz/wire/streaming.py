"""A gRPC call of many messages each way (server-streaming, client-streaming or both)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from ext_authz.rpc import Receiver, RpcError, Status, StreamingHandler
from ext_authz.wire import responses
from ext_authz.wire.messages import MessageReader
from ext_authz.wire.stream import Stream

if TYPE_CHECKING:
    from ext_authz.wire.connection import Connection
    from ext_authz.wire.head import Head

_LOG = logging.getLogger(__name__)


class StreamingStream(Stream):
    """Implements `ext_authz.rpc.StreamingCall`. The handler is called with the first message or the peer's end."""

    message_done = True  # such a call may last, and be silent for long
    _receiver: Receiver | None = None
    _begun = False
    _held_bytes = 0

    def __init__(self, handler: StreamingHandler, head: Head, connection: Connection, stream_id: int) -> None:
        super().__init__(connection, stream_id, head)
        self._handler = handler
        self._reader = MessageReader(connection.limits.message_bytes)

    # What the handler sees.

    @property
    def timeout_s(self) -> float | None:
        """Seconds that the peer grants from the call's start, None when it named none."""
        return self.head.timeout_s

    def send(self, message: bytes) -> None:
        """Send a message; one that cannot go waits, and too many that wait end the call."""
        if self.ended:
            return
        connection = self.connection
        self._begin()
        connection.out.data(self, responses.prefixed(message))
        connection.work += 1
        if connection.out.waiting_bytes() > connection.limits.write_buffer_bytes:
            self._fail(Status.RESOURCE_EXHAUSTED, "the peer takes too few messages")
        else:
            connection.flush()

    def finish(self, status: Status = Status.OK, message: str = "") -> None:
        """End the call; what waits is still sent."""
        if self.ended:
            return
        self._begin()
        self._hold(0)
        self.ended = True
        self._receiver = None
        if self.connection.out.trailers(self, responses.trailers(status, message)):
            self.connection.ended(self)
        else:
            self.connection.flush()

    # What the connection calls.

    def received(self, data: bytes, ended: bool) -> None:
        """Hand on the messages that are whole."""
        if self.ended:
            return
        try:
            messages = self._reader.feed(data)
            self._hold(self._reader.held_bytes)
            if ended:
                self._reader.end()
        except RpcError as error:
            self._fail(error.status, error.message)
            return
        self._guarded(lambda: self._tell(messages, ended))

    def cancelled(self) -> None:
        """The peer gave up."""
        self._hold(0)
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            self._guarded(receiver.cancelled)

    def expired(self) -> None:
        """The peer's deadline is over."""
        self._fail(Status.DEADLINE_EXCEEDED, "deadline exceeded")

    def _tell(self, messages: list[bytes], ended: bool) -> None:
        if self._receiver is None and (messages or ended):
            receiver = self._handler(self)
            if self.ended:
                return
            self._receiver = receiver
        for message in messages:
            if self._receiver is not None:
                self._receiver.message(message)
        if ended and self._receiver is not None:
            self._receiver.half_closed()

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except RpcError as error:
            self._fail(error.status, error.message)
        except Exception:  # noqa: BLE001  # a failed call must not end the server
            _LOG.exception("streaming handler failed")
            self._fail(Status.INTERNAL, "internal error")

    def _fail(self, status: Status, message: str) -> None:
        """End the call at once, whatever waits, and tell the handler."""
        receiver, self._receiver = self._receiver, None
        self.connection.out.forget(self)
        self.finish(status, message)
        if receiver is not None:
            self._guarded(receiver.cancelled)

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self.connection.out.headers(self, responses.BEGIN, end=False)

    def _hold(self, held_bytes: int) -> None:
        connection = self.connection
        connection.held_bytes += held_bytes - self._held_bytes
        self._held_bytes = held_bytes
        if held_bytes and connection.held_bytes > connection.limits.buffered_bytes:
            raise RpcError(Status.RESOURCE_EXHAUSTED, "too many incomplete messages on this connection")
