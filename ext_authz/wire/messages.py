"""gRPC's message framing (gRPC over HTTP/2, "Length-Prefixed-Message"), across any boundaries of DATA frames."""

from __future__ import annotations

import struct

from ext_authz.rpc import RpcError, Status
from ext_authz.wire.responses import PREFIX_BYTES

_read_prefix = struct.Struct(">BI").unpack_from


class MessageReader:
    """Cuts a stream's bytes into messages; `held_bytes` is what waits for its rest."""

    __slots__ = ("_max_bytes", "_unread")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._unread = bytearray()

    @property
    def held_bytes(self) -> int:
        """How much waits for its rest."""
        return len(self._unread)

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now; raises RpcError for one that we do not take, at its prefix."""
        unread = self._unread
        unread += data
        messages = []
        at = 0
        while len(unread) - at >= PREFIX_BYTES:
            compressed, size = _read_prefix(unread, at)
            check_prefix(compressed, size, self._max_bytes)
            end = at + PREFIX_BYTES + size
            if end > len(unread):
                break
            messages.append(bytes(unread[at + PREFIX_BYTES : end]))
            at = end
        del unread[:at]
        return messages

    def end(self) -> None:
        """Raise RpcError if the stream ended within a message."""
        if self._unread:
            raise RpcError(Status.INTERNAL, "the last message is incomplete")


def check_prefix(compressed: int, size_bytes: int, max_bytes: int) -> None:
    """Raise RpcError for a message that is compressed or too large."""
    if compressed:
        raise RpcError(Status.UNIMPLEMENTED, "compressed messages are not supported")
    if size_bytes > max_bytes:
        raise RpcError(
            Status.RESOURCE_EXHAUSTED, f"message of {size_bytes} bytes, more than the {max_bytes} that are taken"
        )
