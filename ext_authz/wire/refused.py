"""A stream whose head already decides its answer: no such method, no gRPC request, a head that is too large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ext_authz.wire.stream import Stream

if TYPE_CHECKING:
    from ext_authz.wire.connection import Connection
    from ext_authz.wire.head import Head


class RefusedStream(Stream):
    """Answers with one header block when the request has come whole, or is longer than what we care to drop."""

    def __init__(self, head: Head, block: bytes, connection: Connection, stream_id: int) -> None:
        super().__init__(connection, stream_id, head)
        self._block = block
        self._dropped_bytes = 0

    def received(self, data: bytes, ended: bool) -> None:
        """Drop the data."""
        self._dropped_bytes += len(data)
        if ended or self._dropped_bytes > self.connection.limits.message_bytes:
            self.expired()

    def expired(self) -> None:
        """Answer."""
        self.connection.out.headers(self, self._block, end=True)
        self.connection.ended(self)
