"""A unary gRPC call: one message in, one answer out, at once or later."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from ext_authz.rpc import Handler, RpcError, Status
from ext_authz.wire import responses
from ext_authz.wire.messages import MessageReader
from ext_authz.wire.responses import END_OK, HEAD, PREFIX_BYTES, TAIL, around, pack_stream
from ext_authz.wire.stream import Stream

if TYPE_CHECKING:
    from ext_authz.wire.connection import Connection
    from ext_authz.wire.head import Head

_LOG = logging.getLogger(__name__)


def check_single(messages: int, ended: bool) -> None:
    """Raise RpcError where a unary call has not exactly one message."""
    if messages > 1 or (ended and not messages):
        raise RpcError(Status.INTERNAL, "a unary call has exactly one message")


class UnaryCall(Stream):
    """Implements `ext_authz.rpc.Call`."""

    _messages: list[bytes]
    _reader: MessageReader | None = None
    _held_bytes = 0
    _on_cancel: list[Callable[[], None]] | None = None

    def __init__(self, handler: Handler, head: Head, connection: Connection, stream_id: int) -> None:
        # Not by super(): this is made for every call.
        self.connection = connection
        self.id = stream_id
        self.head = head
        self.send_window = connection.out.initial_window
        self._handler = handler

    # What the handler sees.

    @property
    def timeout_s(self) -> float | None:
        """Seconds that the peer grants from the call's start, None when it named none."""
        return self.head.timeout_s

    def answer(self, message: bytes) -> None:
        """End the call with this message and status OK."""
        if self.ended:
            return
        connection = self.connection
        out = connection.out
        size = len(message) + PREFIX_BYTES
        if size <= out.window and size <= self.send_window and size <= out.max_frame_bytes:
            out.window -= size
            stream = pack_stream(self.id)
            data, prefix = around(len(message))
            out.parts += (HEAD, stream, data, stream, prefix, message, TAIL, stream, END_OK)
            connection.ended(self)
        else:
            self._answer_in_parts(message)

    def fail(self, status: Status, message: str) -> None:
        """End the call with an error."""
        if not self.ended:
            self.connection.out.headers(self, responses.trailers_only(status, message), end=True)
            self.connection.ended(self)

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Call back once if the peer cancels or its connection ends before the answer."""
        if self._on_cancel is None:
            self._on_cancel = []
        self._on_cancel.append(callback)

    # What the connection calls.

    def received(self, data: bytes, ended: bool) -> None:
        """Run the handler when the message is whole and the peer has ended its side.

        That is for a message in pieces, or none, or too many; for the others see `whole_call`.
        """
        if self._reader is None:
            self._reader = MessageReader(self.connection.limits.message_bytes)
            self._messages = []
        try:
            self._messages += self._reader.feed(data)
            self._hold(self._reader.held_bytes + sum(map(len, self._messages)))
            if ended:
                self._reader.end()
            check_single(len(self._messages), ended)
        except RpcError as error:
            self._hold(0)
            self.fail(error.status, error.message)
            return
        if ended:
            self._hold(0)
            self.run(self._messages[0])

    def cancelled(self) -> None:
        """The peer gave up."""
        self._hold(0)
        self._call_back()

    def expired(self) -> None:
        """The peer's deadline is over, or its message does not come."""
        self.fail(Status.DEADLINE_EXCEEDED, "deadline exceeded")
        self._hold(0)
        self._call_back()

    def _call_back(self) -> None:
        callbacks, self._on_cancel = self._on_cancel, None
        for callback in callbacks or ():
            try:
                callback()
            except Exception:  # noqa: BLE001  # a failed callback must not end the connection
                _LOG.exception("callback of a cancelled call failed")

    def run(self, message: bytes) -> None:
        """Run the handler: the message is whole, and the peer has ended its side."""
        self.message_done = True
        try:
            reply = self._handler(message, self)
        except RpcError as error:
            self.fail(error.status, error.message)
        except Exception:  # noqa: BLE001  # a failed call must not end the server
            _LOG.exception("handler failed")
            self.fail(Status.INTERNAL, "internal error")
        else:
            if reply is not None:
                self.answer(reply)

    def _hold(self, held_bytes: int) -> None:
        """Account for what this call keeps of an incomplete message."""
        connection = self.connection
        connection.held_bytes += held_bytes - self._held_bytes
        self._held_bytes = held_bytes
        if held_bytes and connection.held_bytes > connection.limits.buffered_bytes:
            raise RpcError(Status.RESOURCE_EXHAUSTED, "too many incomplete messages on this connection")

    def _answer_in_parts(self, message: bytes) -> None:
        """Answer more than the peer's windows or frames take at once; the stream ends when all has gone."""
        self.ended = True
        self._on_cancel = None
        out = self.connection.out
        out.headers(self, responses.BEGIN, end=False)
        out.data(self, responses.prefixed(message))
        if out.trailers(self, responses.END_OK):
            self.connection.ended(self)
        else:
            self.connection.flush()
