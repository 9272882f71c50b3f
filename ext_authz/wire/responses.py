"""The header blocks of gRPC's answers (gRPC over HTTP/2, "Responses"), made once, and frames around them."""

from __future__ import annotations

import struct

from ext_authz.rpc import Status
from ext_authz.wire import frames
from ext_authz.wire.hpack_encode import encode

PREFIX_BYTES = 5  # compressed flag and length before each message

BEGIN = encode([(b":status", b"200"), (b"content-type", b"application/grpc")])
END_OK = encode([(b"grpc-status", b"0")])

_PLAIN = frozenset(range(0x20, 0x7F)) - {ord("%")}

# A whole answer around its message: HEADERS, then the head of DATA and the message's prefix; trailers behind it.
_BEFORE = struct.Struct(f">IBI{len(BEGIN)}sIBIBI")
_AFTER = struct.Struct(f">IBI{len(END_OK)}s")
_BEFORE_WORD = len(BEGIN) << 8 | frames.HEADERS
_AFTER_WORD = len(END_OK) << 8 | frames.HEADERS
_AFTER_FLAGS = frames.END_HEADERS | frames.END_STREAM


def before_message(stream_id: int, size: int) -> bytes:
    """All that goes before a message of `size` bytes which is the whole answer, in one frame."""
    return _BEFORE.pack(
        _BEFORE_WORD, frames.END_HEADERS, stream_id, BEGIN, (size + PREFIX_BYTES) << 8, 0, stream_id, 0, size
    )


def after_message(stream_id: int) -> bytes:
    """All that goes behind that message."""
    return _AFTER.pack(_AFTER_WORD, _AFTER_FLAGS, stream_id, END_OK)


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
