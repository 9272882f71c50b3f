"""A stream whose head already decides its answer: no such method, no gRPC request, a head that is too large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ext_authz.wire.stream import Stream

if TYPE_CHECKING:
    from ext_authz.wire.connection import Connection
    from ext_authz.wire.head import Head


class RefusedStream(Stream):
    """Answers when the request has come whole, or is longer than what we care to drop; with a text for people."""

    def __init__(self, head: Head, block: bytes, text: bytes, connection: Connection, stream_id: int) -> None:
        super().__init__(connection, stream_id, head)
        self._block = block
        self._text = text
        self._dropped_bytes = 0

    def received(self, data: bytes, ended: bool) -> None:
        """Drop the data."""
        self._dropped_bytes += len(data)
        if self.ended:
            return
        if ended or self._dropped_bytes > self.connection.limits.message_bytes:
            self.expired()

    def expired(self) -> None:
        """Answer."""
        out = self.connection.out
        self.ended = True
        out.headers(self, self._block, end=not self._text)
        if not self._text:
            self.connection.ended(self)
        else:
            out.data(self, self._text, end=True)
            self.connection.flush()
