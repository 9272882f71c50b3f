"""A client for the sans-io tests: it writes frames by hand, right or wrong, and reads ours with the `hpack` library."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hpack import Decoder, Encoder

from ext_authz.rpc import Call, Handlers, StreamingHandlers
from ext_authz.wire.connection import Connection
from ext_authz.wire.limits import Limits
from ext_authz.wire.services import Services

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, PRIO = 1, 1, 4, 8, 32
NOT_INDEXED = True  # what the library calls sensitive
ECHO = "/test.Test/Echo"
LATER = "/test.Test/Later"

REQUEST = (
    (":method", "POST"),
    (":scheme", "http"),
    (":path", ECHO),
    (":authority", "sidecar"),
    ("content-type", "application/grpc"),
    ("te", "trailers"),
)


@dataclass(frozen=True)
class Frame:
    """A frame that the server sent; `headers` where it has some."""

    kind: int
    flags: int
    stream: int
    payload: bytes
    headers: tuple[tuple[str, str], ...] = ()


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Any frame, its length true."""
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def block(headers: Iterable[tuple[str, str]] = REQUEST, **replaced: str) -> bytes:
    """A header block that uses no table; `replaced` changes or, by '', drops fields (path='/x' is :path)."""
    fields = [(name, replaced.get(name.lstrip(":").replace("-", "_"), value)) for name, value in headers]
    return Encoder().encode([(name, value, NOT_INDEXED) for name, value in fields if value])


def prefixed(message: bytes) -> bytes:
    """A gRPC message in its frame."""
    return struct.pack(">BI", 0, len(message)) + message


def call(stream: int = 1, message: bytes = b"abc", **replaced: str) -> bytes:
    """A whole unary call."""
    return frame(HEADERS, END_HEADERS, stream, block(**replaced)) + frame(DATA, END_STREAM, stream, prefixed(message))


def settings(values: Mapping[int, int] | None = None) -> bytes:
    """A SETTINGS frame."""
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *value) for value in (values or {}).items()))


def window(stream: int, increment: int) -> bytes:
    """A WINDOW_UPDATE frame."""
    return frame(WINDOW, 0, stream, struct.pack(">I", increment))


def echo(message: bytes, _call: Call) -> bytes:
    """A handler that answers at once."""
    return message


@dataclass
class Later:
    """A handler that does not answer; the test does it through `calls`."""

    calls: list[Call] = field(default_factory=list)
    cancelled: int = 0

    def __call__(self, _message: bytes, call: Call) -> None:
        self.calls.append(call)
        call.on_cancel(self._cancelled)

    def _cancelled(self) -> None:
        self.cancelled += 1


class Peer:
    """A connection under test and its client's end; it has greeted and taken the greeting."""

    def __init__(
        self,
        limits: Limits | None = None,
        handlers: Handlers | None = None,
        streaming: StreamingHandlers | None = None,
        *,
        greet: bool = True,
        settings_values: Mapping[int, int] | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.later = Later()
        self.woken = 0
        services = Services({ECHO: echo, LATER: self.later, **(handlers or {})}, streaming or {})
        self.connection = Connection(services.resolve, self.limits, self._wake)
        self._decoder = Decoder()
        self._unread = b""
        if greet:
            self.greeting = self.send(PREFACE + settings(settings_values) + frame(SETTINGS, ACK, 0))

    def _wake(self) -> None:
        self.woken += 1

    def send(self, data: bytes) -> list[Frame]:
        """Let the server read this; returns what it writes."""
        return self.read(self.connection.receive(data))

    def take(self) -> list[Frame]:
        """What it writes outside of a read."""
        return self.read(self.connection.take())

    def read(self, data: bytes) -> list[Frame]:
        """The frames of these bytes."""
        data = self._unread + data
        frames = []
        while len(data) >= 9 and len(data) >= (end := 9 + int.from_bytes(data[:3], "big")):
            payload = data[9:end]
            headers: tuple[tuple[str, str], ...] = ()
            if data[3] == HEADERS:
                headers = tuple((str(name), str(value)) for name, value in self._decoder.decode(payload))
            frames.append(Frame(data[3], data[4], int.from_bytes(data[5:9], "big"), payload, headers))
            data = data[end:]
        self._unread = data
        return frames


def reset_code(frames: list[Frame], stream: int = 1) -> int | None:
    """The code of the stream's RST_STREAM among these frames, None without one."""
    return next((int.from_bytes(f.payload, "big") for f in frames if f.kind == RST and f.stream == stream), None)


def goaway_code(frames: list[Frame]) -> int | None:
    """The code of the GOAWAY among these frames, None without one."""
    return next((int.from_bytes(f.payload[4:8], "big") for f in frames if f.kind == GOAWAY), None)


def grpc_status(frames: list[Frame], stream: int = 1) -> tuple[int, str] | None:
    """grpc-status and grpc-message of the stream's answer, None without one."""
    for one in frames:
        fields = dict(one.headers)
        if one.stream == stream and "grpc-status" in fields:
            return int(fields["grpc-status"]), fields.get("grpc-message", "")
    return None


def messages(frames: list[Frame], stream: int = 1) -> bytes:
    """All DATA of a stream."""
    return b"".join(one.payload for one in frames if one.kind == DATA and one.stream == stream)
