"""The errors of RFC 9113, a row each: what the peer sends after its greeting, and with which code we end what."""

from __future__ import annotations

import pytest

from ext_authz.wire.errors import ErrorCode
from tests.wire.peer import (
    ACK,
    CONTINUATION,
    DATA,
    ECHO,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    LATER,
    PADDED,
    PING,
    PREFACE,
    PRIO,
    PRIORITY,
    PUSH,
    REQUEST,
    RST,
    SETTINGS,
    WINDOW,
    Peer,
    block,
    call,
    frame,
    goaway_code,
    grpc_status,
    messages,
    prefixed,
    reset_code,
    settings,
    window,
)

OPEN = frame(HEADERS, END_HEADERS, 1, block(path=LATER))
WAITS = OPEN + frame(DATA, END_STREAM, 1, prefixed(b""))

CONNECTION_ERRORS = {
    "4.1 a frame longer than SETTINGS_MAX_FRAME_SIZE": (b"\x00\x40\x01" + bytes(6), "FRAME_SIZE_ERROR"),
    "4.3 a block that cannot be decoded": (frame(HEADERS, 5, 1, b"\x80"), "COMPRESSION_ERROR"),
    "5.1 DATA on an idle stream": (frame(DATA, 0, 1, b"x"), "PROTOCOL_ERROR"),
    "5.1 RST_STREAM on an idle stream": (frame(RST, 0, 1, bytes(4)), "PROTOCOL_ERROR"),
    "5.1 WINDOW_UPDATE on an idle stream": (window(1, 1), "PROTOCOL_ERROR"),
    "5.1 CONTINUATION on an idle stream": (frame(CONTINUATION, 4, 1), "PROTOCOL_ERROR"),
    "5.1 DATA on a closed stream": (call() + frame(DATA, 0, 1, b"x"), "STREAM_CLOSED"),
    "5.1 HEADERS on a closed stream": (call() + frame(HEADERS, 5, 1, block()), "STREAM_CLOSED"),
    "5.1 DATA on a stream that the peer reset": (
        OPEN + frame(RST, 0, 1, bytes(4)) + frame(DATA, 0, 1),
        "STREAM_CLOSED",
    ),
    "5.1.1 a stream of an even number": (frame(HEADERS, 5, 2, block()), "PROTOCOL_ERROR"),
    "5.1.1 a stream of a lower number": (call(5) + frame(HEADERS, 5, 3, block()), "PROTOCOL_ERROR"),
    "6.1 DATA on stream 0": (frame(DATA, 0, 0, b"x"), "PROTOCOL_ERROR"),
    "6.1 padding longer than DATA": (OPEN + frame(DATA, PADDED, 1, b"\x04abc"), "PROTOCOL_ERROR"),
    "6.1 padded DATA without a pad length": (OPEN + frame(DATA, PADDED, 1), "FRAME_SIZE_ERROR"),
    "6.2 HEADERS on stream 0": (frame(HEADERS, 5, 0, block()), "PROTOCOL_ERROR"),
    "6.2 HEADERS without END_HEADERS on stream 0": (
        frame(HEADERS, 1, 0, block()) + frame(CONTINUATION, 4, 0),
        "PROTOCOL_ERROR",
    ),
    "6.2 padding longer than HEADERS": (frame(HEADERS, 5 | PADDED, 1, b"\x09abc"), "PROTOCOL_ERROR"),
    "6.2 HEADERS too short for its priority": (frame(HEADERS, 5 | PRIO, 1, b"abc"), "FRAME_SIZE_ERROR"),
    "6.3 PRIORITY on stream 0": (frame(PRIORITY, 0, 0, bytes(5)), "PROTOCOL_ERROR"),
    "6.4 RST_STREAM on stream 0": (frame(RST, 0, 0, bytes(4)), "PROTOCOL_ERROR"),
    "6.4 RST_STREAM of a wrong length": (OPEN + frame(RST, 0, 1, bytes(3)), "FRAME_SIZE_ERROR"),
    "6.5 SETTINGS on a stream": (frame(SETTINGS, 0, 1), "PROTOCOL_ERROR"),
    "6.5 SETTINGS of a wrong length": (frame(SETTINGS, 0, 0, bytes(5)), "FRAME_SIZE_ERROR"),
    "6.5 an acknowledgement with a payload": (frame(SETTINGS, ACK, 0, bytes(6)), "FRAME_SIZE_ERROR"),
    "6.5.2 ENABLE_PUSH of 2": (settings({2: 2}), "PROTOCOL_ERROR"),
    "6.5.2 INITIAL_WINDOW_SIZE of 2^31": (settings({4: 1 << 31}), "FLOW_CONTROL_ERROR"),
    "6.5.2 MAX_FRAME_SIZE too small": (settings({5: 16_383}), "PROTOCOL_ERROR"),
    "6.5.2 MAX_FRAME_SIZE too large": (settings({5: 1 << 24}), "PROTOCOL_ERROR"),
    "6.7 PING on a stream": (frame(PING, 0, 1, bytes(8)), "PROTOCOL_ERROR"),
    "6.7 PING of a wrong length": (frame(PING, 0, 0, bytes(7)), "FRAME_SIZE_ERROR"),
    "6.8 GOAWAY on a stream": (frame(GOAWAY, 0, 1, bytes(8)), "PROTOCOL_ERROR"),
    "6.8 GOAWAY of a wrong length": (frame(GOAWAY, 0, 0, bytes(7)), "FRAME_SIZE_ERROR"),
    "6.9 WINDOW_UPDATE of a wrong length": (frame(WINDOW, 0, 0, bytes(3)), "FRAME_SIZE_ERROR"),
    "6.9 WINDOW_UPDATE by 0": (window(0, 0), "PROTOCOL_ERROR"),
    "6.9.1 a connection window above 2^31-1": (window(0, (1 << 31) - 1), "FLOW_CONTROL_ERROR"),
    "6.9.2 SETTINGS that take a stream window above 2^31-1": (
        WAITS + window(1, (1 << 31) - 1 - 65_535) + settings({4: 65_536}),
        "FLOW_CONTROL_ERROR",
    ),
    "6.10 a frame within a header block": (
        frame(HEADERS, 1, 1, block()) + frame(PING, 0, 0, bytes(8)),
        "PROTOCOL_ERROR",
    ),
    "6.10 an unknown frame within a header block": (frame(HEADERS, 1, 1, block()) + frame(99, 0, 0), "PROTOCOL_ERROR"),
    "6.10 CONTINUATION of another stream": (
        frame(HEADERS, 1, 1, block()) + frame(CONTINUATION, 4, 3),
        "PROTOCOL_ERROR",
    ),
    "6.10 CONTINUATION behind END_HEADERS": (OPEN + frame(CONTINUATION, 4, 1), "PROTOCOL_ERROR"),
    "8.4 PUSH_PROMISE from a client": (frame(PUSH, 4, 1, bytes(4)), "PROTOCOL_ERROR"),
}

STREAM_ERRORS = {
    "5.1 DATA after END_STREAM": (WAITS + frame(DATA, 0, 1, b"x"), "STREAM_CLOSED"),
    "5.1 HEADERS after END_STREAM": (WAITS + frame(HEADERS, 5, 1, block()), "STREAM_CLOSED"),
    "6.3 PRIORITY of a wrong length": (frame(PRIORITY, 0, 1, bytes(4)), "FRAME_SIZE_ERROR"),
    "6.9 WINDOW_UPDATE by 0 on a stream": (OPEN + window(1, 0), "PROTOCOL_ERROR"),
    "6.9.1 a stream window above 2^31-1": (OPEN + window(1, (1 << 31) - 1), "FLOW_CONTROL_ERROR"),
    "8.1 trailers without END_STREAM": (OPEN + frame(HEADERS, 4, 1, block((("a", "b"),))), "PROTOCOL_ERROR"),
    "8.1 pseudo-header fields in trailers": (OPEN + frame(HEADERS, 5, 1, block()), "PROTOCOL_ERROR"),
    "8.1.1 less than content-length": (
        frame(HEADERS, 4, 1, block((*REQUEST, ("content-length", "9")))) + frame(DATA, 1, 1, prefixed(b"abc")),
        "PROTOCOL_ERROR",
    ),
    "8.1.1 more than content-length": (
        frame(HEADERS, 4, 1, block((*REQUEST, ("content-length", "2")))) + frame(DATA, 0, 1, prefixed(b"abc")),
        "PROTOCOL_ERROR",
    ),
    "8.1.1 a content-length and no content": (
        frame(HEADERS, 5, 1, block((*REQUEST, ("content-length", "2")))),
        "PROTOCOL_ERROR",
    ),
}

MALFORMED = {
    "8.2 an upper-case name": (*REQUEST, ("X-A", "b")),
    "8.2.1 a space in a name": (*REQUEST, ("x a", "b")),
    "8.2.1 a line feed in a value": (*REQUEST, ("x", "a\nb")),
    "8.2.1 NUL in a value": (*REQUEST, ("x", "a\0b")),
    "8.2.1 a value that begins with a space": (*REQUEST, ("x", " a")),
    "8.2.1 a line feed in :path": (*REQUEST[:2], (":path", "/a\r\n"), *REQUEST[3:]),
    "8.2.2 connection": (*REQUEST, ("connection", "close")),
    "8.2.2 transfer-encoding": (*REQUEST, ("transfer-encoding", "chunked")),
    "8.2.2 te other than trailers": (*REQUEST[:-1], ("te", "gzip")),
    "8.3 an unknown pseudo-header field": ((":x", "y"), *REQUEST),
    "8.3 a response's pseudo-header field": ((":status", "200"), *REQUEST),
    "8.3 a pseudo-header field behind a regular one": (*REQUEST[1:], REQUEST[0]),
    "8.3.1 no :method": REQUEST[1:],
    "8.3.1 no :scheme": (REQUEST[0], *REQUEST[2:]),
    "8.3.1 no :path": (*REQUEST[:2], *REQUEST[3:]),
    "8.3.1 :method twice": (REQUEST[0], *REQUEST),
    "8.3.1 host that differs from :authority": (*REQUEST, ("host", "other")),
    "8.5 CONNECT with a path": ((":method", "CONNECT"), *REQUEST[1:]),
    "8.6 content-length that is no number": (*REQUEST, ("content-length", "+1")),
    "8.6 content-length twice, not the same": (*REQUEST, ("content-length", "1"), ("content-length", "2")),
    "gRPC: grpc-timeout that is none": (*REQUEST, ("grpc-timeout", "soon")),
}


@pytest.mark.parametrize(("sent", "code"), CONNECTION_ERRORS.values(), ids=CONNECTION_ERRORS)
def test_connection_errors_end_the_connection_with_goaway(sent: bytes, code: str) -> None:
    peer = Peer()
    frames = peer.send(sent + call(101))
    assert goaway_code(frames) == ErrorCode[code]
    assert peer.connection.closed
    assert frames[-1].kind == GOAWAY, "nothing is answered behind it"
    assert peer.send(call(103)) == []


@pytest.mark.parametrize(("sent", "code"), STREAM_ERRORS.values(), ids=STREAM_ERRORS)
def test_stream_errors_reset_the_stream_and_nothing_else(sent: bytes, code: str) -> None:
    peer = Peer()
    frames = peer.send(sent + call(101))
    assert reset_code(frames) == ErrorCode[code]
    assert messages(frames, 101) == prefixed(b"abc")
    assert not peer.connection.streams


@pytest.mark.parametrize("fields", MALFORMED.values(), ids=MALFORMED)
def test_malformed_requests_reset_their_stream(fields: tuple[tuple[str, str], ...]) -> None:
    peer = Peer()
    frames = peer.send(frame(HEADERS, 5, 1, block(fields)) + call(3))
    assert reset_code(frames) == ErrorCode.PROTOCOL_ERROR
    assert messages(frames, 3) == prefixed(b"abc")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        PREFACE[:-1] + b"x",
        PREFACE + frame(PING, 0, 0, bytes(8)),
        PREFACE + frame(SETTINGS, ACK, 0),
    ],
    ids=["HTTP/1.1", "a wrong last byte", "another frame before SETTINGS", "an acknowledgement before SETTINGS"],
)
def test_a_connection_begins_with_the_preface_and_settings(sent: bytes) -> None:
    peer = Peer(greet=False)
    assert goaway_code(peer.send(sent)) == ErrorCode.PROTOCOL_ERROR


IGNORED = {
    "4.1 an unknown frame": frame(200, 255, 7, b"abc"),
    "4.1 the reserved bit": frame(PING, 0, 1 << 31, bytes(8)),
    "4.1 flags without a meaning": frame(PING, 0xFE, 0, bytes(8)),
    "5.1 PRIORITY on an idle stream": frame(PRIORITY, 0, 9, bytes(5)),
    "5.1 RST_STREAM on a closed stream": call(1) + frame(RST, 0, 1, bytes(4)),
    "5.1 WINDOW_UPDATE on a closed stream": call(1) + window(1, 5),
    "5.3.1 a stream that depends on itself (dropped by RFC 9113)": frame(PRIORITY, 0, 1, b"\0\0\0\1\0"),
    "5.4.2 DATA and HEADERS on a stream that we reset": frame(HEADERS, 4, 1, block(te="gzip"))
    + frame(DATA, 0, 1, b"x")
    + frame(HEADERS, 5, 1, block((("a", "b"),))),
    "6.5.2 an unknown setting": settings({99: 1}),
    "6.5 an acknowledgement that nobody asked for": frame(SETTINGS, ACK, 0),
    "6.8 GOAWAY": frame(GOAWAY, 0, 0, bytes(8) + b"debug"),
    "7 an unknown error code": OPEN + frame(RST, 0, 1, b"\0\0\xff\xff"),
}


@pytest.mark.parametrize("sent", IGNORED.values(), ids=IGNORED)
def test_what_must_be_borne_is_borne(sent: bytes) -> None:
    peer = Peer()
    frames = peer.send(sent + call(101))
    assert goaway_code(frames) is None
    assert messages(frames, 101) == prefixed(b"abc")


def test_padding_priority_continuation_and_trailers_belong_to_a_request() -> None:
    peer = Peer()
    encoded = block()
    head = frame(HEADERS, PADDED | PRIO, 1, b"\x03" + bytes(5) + encoded[:4] + bytes(3))
    head += frame(CONTINUATION, 0, 1, encoded[4:9]) + frame(CONTINUATION, END_HEADERS, 1, encoded[9:])
    body = frame(DATA, PADDED, 1, b"\x02" + prefixed(b"abc") + bytes(2))
    frames = peer.send(head + body + frame(HEADERS, END_HEADERS | END_STREAM, 1, block((("x-end", "1"),))))
    assert messages(frames) == prefixed(b"abc")
    assert grpc_status(frames) == (0, "")


def test_settings_are_acknowledged_and_ping_is_sent_back() -> None:
    peer = Peer()
    frames = peer.send(settings({4: 1}) + frame(PING, 0, 0, b"12345678"))
    assert [(one.kind, one.flags, one.payload) for one in frames] == [(SETTINGS, ACK, b""), (PING, ACK, b"12345678")]


def test_the_greeting_is_settings_and_a_larger_window() -> None:
    peer = Peer()
    assert [one.kind for one in peer.greeting] == [SETTINGS, WINDOW, SETTINGS]
    assert ECHO in dict(REQUEST).values()
