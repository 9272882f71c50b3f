"""However the bytes are cut and whatever they are: the same result, no exception, no hang."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from ext_authz.wire import lifetime
from tests.wire.peer import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    HEADERS,
    LATER,
    PADDED,
    PING,
    PREFACE,
    PRIO,
    PRIORITY,
    REQUEST,
    RST,
    SETTINGS,
    Peer,
    block,
    call,
    frame,
    prefixed,
    window,
)
from tests.wire.peer import settings as settings_frame

HEADER_BLOCK = block((*REQUEST, ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")))

# Pieces of a conversation; numbers of streams come from a small set, so that most orders mean something.
PIECES = st.sampled_from(
    [
        call(1),
        call(3, path=LATER),
        call(5, b"x" * 300),
        call(7, path="/unknown"),
        frame(HEADERS, END_HEADERS, 9, HEADER_BLOCK) + frame(DATA, 0, 9, prefixed(b"abc")[:4]),
        frame(DATA, 1, 9, prefixed(b"abc")[4:]),
        frame(HEADERS, 1 | PADDED | PRIO, 11, b"\1" + bytes(5) + HEADER_BLOCK[:9] + b"\0"),
        frame(CONTINUATION, 4, 11, HEADER_BLOCK[9:]),
        frame(HEADERS, 5, 13, block(te="gzip")),
        frame(RST, 0, 3, bytes(4)),
        frame(PING, 0, 0, b"12345678"),
        frame(PRIORITY, 0, 3, bytes(5)),
        frame(77, 1, 3, b"?"),
        settings_frame({4: 3}),
        settings_frame({4: 70_000, 5: 20_000}),
        frame(SETTINGS, ACK, 0),
        window(0, 10),
        window(5, 10),
        window(9, 1),
    ]
)


def conversation(pieces: list[bytes], mutations: list[tuple[int, int]]) -> bytes:
    data = bytearray(PREFACE + settings_frame() + frame(SETTINGS, ACK, 0) + b"".join(pieces))
    for place, octet in mutations:
        data[place % len(data)] = octet
    return bytes(data)


def run(data: bytes, cuts: list[int], part_bytes: int = 0) -> tuple[bytes, bool, list[int], int, int]:
    """Everything that can be seen from outside after these bytes; with parts, they are asked for until none is left."""
    peer = Peer(greet=False)
    connection = peer.connection
    places = sorted({place % (len(data) + 1) for place in cuts} | {0, len(data)})
    written = b""
    for a, b in itertools.pairwise(places):
        written += connection.receive(data[a:b], part_bytes)
        while connection.unhandled_bytes:
            before = connection.unhandled_bytes
            written += connection.receive(b"", part_bytes)
            assert connection.unhandled_bytes < before
    return written, connection.closed, sorted(connection.streams), len(peer.later.calls), peer.later.cancelled


@settings(max_examples=250, deadline=None)
@given(
    st.lists(PIECES, max_size=14),
    st.lists(st.tuples(st.integers(24, 1 << 16), st.integers(0, 255)), max_size=4),
    st.lists(st.integers(0, 1 << 16), max_size=20),
)
def test_cuts_do_not_matter(pieces: list[bytes], mutations: list[tuple[int, int]], cuts: list[int]) -> None:
    data = conversation(pieces, mutations)
    assert run(data, cuts) == run(data, [])


@settings(max_examples=250, deadline=None)
@given(
    st.lists(PIECES, max_size=14),
    st.lists(st.tuples(st.integers(24, 1 << 16), st.integers(0, 255)), max_size=4),
    st.lists(st.integers(0, 1 << 16), max_size=3),
    st.integers(1, 400),
)
def test_parts_do_not_matter(
    pieces: list[bytes], mutations: list[tuple[int, int]], cuts: list[int], part_bytes: int
) -> None:
    data = conversation(pieces, mutations)
    assert run(data, cuts, part_bytes) == run(data, [])


def test_a_part_ends_behind_the_last_call_that_begins_in_it() -> None:
    peer = Peer()
    calls = [call(1 + 2 * number, b"x" * 300, path=LATER) for number in range(20)]
    size = len(calls[1])
    peer.connection.receive(b"".join(calls), 5 * size - 1)
    assert len(peer.later.calls) == 5
    assert len(peer.connection.streams) == 5, "of the next call nothing is handled"
    assert peer.connection.unhandled_bytes == 15 * size
    peer.connection.receive(b"", 10 * size)
    assert (len(peer.later.calls), peer.connection.unhandled_bytes) == (20, 0), "two parts are no long read"


def test_what_is_left_when_the_peer_is_gone_is_not_asked_for() -> None:
    peer = Peer()
    peer.connection.receive(b"".join(call(1 + 2 * number, path=LATER) for number in range(20)), 100)
    assert peer.connection.unhandled_bytes
    peer.connection.lost()
    assert not peer.connection.unhandled_bytes


@settings(max_examples=40, deadline=None)
@given(st.lists(PIECES, max_size=8), st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=2))
def test_byte_by_byte_is_the_same(pieces: list[bytes], mutations: list[tuple[int, int]]) -> None:
    data = conversation(pieces, mutations)
    assert run(data, list(range(len(data)))) == run(data, [])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_are_borne(data: bytes, greet: bool) -> None:
    peer = Peer(greet=greet)
    peer.connection.receive(data)
    for _ in range(3):
        lifetime.tick(peer.connection, 30.0)
    peer.connection.lost()
    assert peer.connection.receive(b"more") == b""
    assert peer.connection.held_bytes == 0
