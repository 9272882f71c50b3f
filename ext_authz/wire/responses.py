"""The header blocks of gRPC's answers (gRPC over HTTP/2, "Responses"), made once, and frames around them."""

from __future__ import annotations

import struct
from functools import lru_cache

from ext_authz.rpc import Status
from ext_authz.wire import frames
from ext_authz.wire.hpack_encode import encode

PREFIX_BYTES = 5  # compressed flag and length before each message

BEGIN = encode([(b":status", b"200"), (b"content-type", b"application/grpc")])
END_OK = encode([(b"grpc-status", b"0")])

_PLAIN = frozenset(range(0x20, 0x7F)) - {ord("%")}

_MOST_SIZES = 1024
pack_stream = struct.Struct(">I").pack
_DATA = struct.Struct(">IB").pack
_PREFIX = struct.Struct(">BI").pack
# The three frames of an answer without the stream that each names: HEADERS, DATA, and HEADERS again.
HEAD = _DATA(len(BEGIN) << 8 | frames.HEADERS, frames.END_HEADERS)
TAIL = _DATA(len(END_OK) << 8 | frames.HEADERS, frames.END_HEADERS | frames.END_STREAM)


@lru_cache(maxsize=_MOST_SIZES)
def around(size_bytes: int) -> tuple[bytes, bytes]:
    """What stands before and behind the stream in DATA that holds a message of so many bytes; see `unary.answer`."""
    return BEGIN + _DATA((size_bytes + PREFIX_BYTES) << 8 | frames.DATA, 0), _PREFIX(0, size_bytes)


def prefixed(message: bytes) -> bytes:
    """An uncompressed message as it travels in DATA."""
    return len(message).to_bytes(PREFIX_BYTES, "big") + message


def percent_encoded(message: str) -> bytes:
    """`grpc-message`: UTF-8 with all but visible ASCII and space as %XX; lone surrogates become question marks."""
    text = message.encode("utf-8", "replace")
    return b"".join(b"%c" % octet if octet in _PLAIN else b"%%%02X" % octet for octet in text)


def trailers(status: Status, message: str) -> bytes:
    """The block that ends an answer which has begun."""
    fields = [(b"grpc-status", b"%d" % status)]
    if message:
        fields.append((b"grpc-message", percent_encoded(message)))
    return encode(fields)


def trailers_only(status: Status, message: str) -> bytes:
    """The block of an answer that holds no message."""
    return BEGIN + trailers(status, message)


def http_error(code: int) -> bytes:
    """The block that begins the answer to what is no gRPC request."""
    return encode([(b":status", b"%d" % code), (b"content-type", b"text/plain")])
