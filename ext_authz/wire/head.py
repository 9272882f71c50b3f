"""A request's head: what we use of its fields, once they are found well-formed (RFC 9113 section 8)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ext_authz.wire.errors import ErrorCode, StreamError
from ext_authz.wire.hpack_table import Pair

_REQUEST_PSEUDO = frozenset((b":method", b":scheme", b":authority", b":path"))
# Section 8.2.2: fields of a single HTTP/1.1 connection.
_CONNECTION_SPECIFIC = frozenset((b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"))
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")  # RFC 9110 section 5.6.2, without upper case (8.2)
_BAD_VALUE = re.compile(rb"[\0\r\n]|\A[ \t]|[ \t]\Z")  # section 8.2.1

_TIMEOUT = re.compile(rb"([0-9]{1,8})([HMSmun])")
_TIMEOUT_UNIT_S = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}


class Head(NamedTuple):
    """What a request's fields say to us. `timeout_s` is None without a grpc-timeout."""

    method: bytes
    path: bytes
    content_type: bytes
    encoding: bytes
    content_length: int | None
    timeout_s: float | None
    too_large: bool
    """More than we care to take, by RFC 9113 section 6.5.2."""


def timeout_s(value: bytes) -> float | None:
    """Seconds of a grpc-timeout (gRPC over HTTP/2, "Timeout"), None where it is none."""
    match = _TIMEOUT.fullmatch(value)
    return int(match[1]) * _TIMEOUT_UNIT_S[match[2]] if match else None


def read_head(fields: Sequence[Pair], *, too_large: bool) -> Head:
    """The head of these fields; StreamError if malformed."""
    pseudo: dict[bytes, bytes] = {}
    regular: dict[bytes, bytes] = {}
    for name, value in fields:
        if name[:1] == b":":
            if regular or name in pseudo or name not in _REQUEST_PSEUDO:
                raise _malformed("pseudo-header field unknown, repeated or late")  # 8.3
            _check_value(value)
            pseudo[name] = value
        else:
            check_field(name, value)
            if name == b"content-length" and regular.get(name, value) != value:
                raise _malformed("content-length fields that differ")
            regular[name] = value
    _check_pseudo(pseudo, regular)
    timeout = regular.get(b"grpc-timeout")
    length = regular.get(b"content-length")
    if length is not None and not (length.isdigit() and len(length) < 16):
        raise _malformed("content-length is no number")
    seconds = None if timeout is None else timeout_s(timeout)
    if timeout is not None and seconds is None:
        raise _malformed("grpc-timeout is none")
    return Head(
        method=pseudo[b":method"],
        path=pseudo.get(b":path", b""),
        content_type=regular.get(b"content-type", b""),
        encoding=regular.get(b"grpc-encoding", b"identity"),
        content_length=None if length is None else int(length),
        timeout_s=seconds,
        too_large=too_large,
    )


def check_field(name: bytes, value: bytes) -> None:
    """Raise StreamError for a field that no request may carry outside of its pseudo-header fields."""
    if not _NAME.fullmatch(name):
        raise _malformed("field name of wrong characters")
    if name in _CONNECTION_SPECIFIC or (name == b"te" and value != b"trailers"):
        raise _malformed("connection-specific field")
    _check_value(value)


def _check_value(value: bytes) -> None:
    if _BAD_VALUE.search(value):
        raise _malformed("field value of wrong characters")


def _check_pseudo(pseudo: dict[bytes, bytes], regular: dict[bytes, bytes]) -> None:
    # Section 8.3.1; CONNECT (8.5) names an authority and nothing else.
    authority = pseudo.get(b":authority")
    if pseudo.get(b":method") == b"CONNECT":
        if not authority or len(pseudo) != 2:
            raise _malformed("CONNECT that is none")
    elif not (pseudo.get(b":method") and pseudo.get(b":scheme") and pseudo.get(b":path")):
        raise _malformed("pseudo-header field missing or empty")
    host = regular.get(b"host")
    if host is not None and authority is not None and host.lower() != authority.lower():
        raise _malformed("host and :authority differ")


def _malformed(why: str) -> StreamError:
    return StreamError(ErrorCode.PROTOCOL_ERROR, why)
