"""A call that comes whole in one read is answered as one that comes frame by frame, whatever is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ext_authz.wire import lifetime
from ext_authz.wire.limits import Limits
from ext_authz.wire.unary import UnaryCall
from tests.wire.peer import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    LATER,
    PADDED,
    REQUEST,
    Frame,
    Peer,
    block,
    call,
    frame,
)
from tests.wire.peer import prefixed as message

HEAD = frame(HEADERS, END_HEADERS, 5, block())


def data(payload: bytes, flags: int = END_STREAM, stream: int = 5) -> bytes:
    return frame(DATA, flags, stream, payload)


@dataclass(frozen=True)
class Case:
    """HEADERS and what follows; `before` does something to the peer, `head` has been seen before."""

    rest: bytes = data(message(b"abc"))
    head: bytes = HEAD
    limits: Limits = field(default_factory=Limits)
    before: Callable[[Peer], object] = lambda peer: None


NEXT_HEAD = frame(HEADERS, END_HEADERS, 7, block())


def waiting(peer: Peer) -> None:
    peer.send(call(5, path=LATER))


def draining(peer: Peer) -> None:
    waiting(peer)
    lifetime.refuse_new_streams(peer.connection)


def with_length(length: str) -> bytes:
    return block((*REQUEST, ("content-length", length)))


CASES = {
    "plain": Case(),
    "empty message": Case(data(message(b""))),
    "no message": Case(data(b"")),
    "a piece of a prefix": Case(data(b"\0\0")),
    "compressed": Case(data(b"\1" + message(b"abc")[1:])),
    "a message longer than its frame": Case(data(message(b"abcd")[:-1])),
    "a message shorter than its frame": Case(data(message(b"abc") + b"d")),
    "two messages": Case(data(message(b"a") + message(b"b"))),
    "no end": Case(data(message(b"abc"), 0)),
    "no end, then more": Case(data(message(b"abc"), 0) + data(message(b"d"))),
    "padded": Case(data(b"\2" + message(b"abc") + b"\0\0", END_STREAM | PADDED)),
    "DATA of an earlier stream": Case(data(message(b"abc"), stream=3)),
    "DATA of no stream": Case(data(message(b"abc"), stream=0)),
    "DATA of a later stream": Case(data(message(b"abc"), stream=7)),
    "a reserved bit": Case(data(message(b"abc"), stream=5 | 1 << 31)),
    "streams left out": Case(data(message(b"abc"), stream=9), frame(HEADERS, END_HEADERS, 9, block())),
    "an old stream": Case(data(message(b"abc"), stream=3), frame(HEADERS, END_HEADERS, 3, block())),
    "a stream of the server": Case(data(message(b"abc"), stream=6), frame(HEADERS, END_HEADERS, 6, block())),
    "the end in HEADERS": Case(data(message(b"abc")), frame(HEADERS, END_HEADERS | END_STREAM, 5, block())),
    "a header block that goes on": Case(data(message(b"abc")), frame(HEADERS, 0, 5, block())),
    "another frame": Case(frame(77, END_STREAM, 5, message(b"abc"))),
    "trailers": Case(frame(HEADERS, END_HEADERS | END_STREAM, 5, block())),
    "too long for us": Case(data(message(b"abcd")), limits=Limits(message_bytes=3)),
    "as long as we take": Case(data(message(b"abc")), limits=Limits(message_bytes=3)),
    "as long as a frame": Case(data(message(b"a" * (16384 - 5)))),
    "longer than a frame": Case(data(message(b"a" * (16384 - 4)))),
    "going away": Case(data(message(b"abc"), stream=7), NEXT_HEAD, before=draining),
    "too many streams": Case(data(message(b"abc"), stream=7), NEXT_HEAD, Limits(concurrent_streams=1), waiting),
    "half a frame's head": Case(data(message(b"abc"))[:10]),
    "content-length": Case(head=frame(HEADERS, END_HEADERS, 5, with_length("8"))),
    "a wrong content-length": Case(head=frame(HEADERS, END_HEADERS, 5, with_length("9"))),
    "a method that is none": Case(head=frame(HEADERS, END_HEADERS, 5, block(path="/nobody"))),
    "a later answer": Case(head=frame(HEADERS, END_HEADERS, 5, block(path=LATER))),
    "an unknown block": Case(head=frame(HEADERS, END_HEADERS, 5, block(authority="other"))),
    "what follows": Case(data(message(b"abc")) + call(7, b"d") + call(9, b"e")[:-2]),
}


def came(case: Case, *pieces: bytes) -> tuple[list[Frame], object]:
    """What is answered, and the connection's state behind it."""
    peer = Peer(case.limits)
    peer.send(call(1, b"a") + frame(HEADERS, END_HEADERS | END_STREAM, 3, case.head[9:]))
    case.before(peer)
    frames = [each for piece in pieces for each in peer.send(piece)]
    connection = peer.connection
    state = (connection.window, connection.last_stream_id, connection.held_bytes, connection.work, connection.closed)
    return frames, (*state, list(connection.streams), connection.out.window, len(peer.later.calls))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_whole_and_frame_by_frame_come_out_alike(case: Case) -> None:
    assert came(case, case.head + case.rest) == came(case, case.head, case.rest)


@given(st.lists(st.sampled_from([case.head + case.rest for case in CASES.values()]), max_size=6), st.integers(1, 400))
def test_any_row_of_them_comes_out_alike_however_it_is_cut(calls: list[bytes], size: int) -> None:
    data = b"".join(calls)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert came(Case(), data) == came(Case(), *pieces)


def test_a_plain_call_takes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    peer = Peer()
    peer.send(call(1, b"a"))
    monkeypatch.setattr(UnaryCall, "received", None)
    answered = peer.send(call(3, b"b") + call(5, b"c"))
    assert [each.payload for each in answered if each.kind == DATA] == [message(b"b"), message(b"c")]


def test_the_peers_window_is_refilled_as_ever() -> None:
    whole, cut = Peer(), Peer()
    many = [call(stream, b"a" * 16_000) for stream in range(1, 1801, 2)]
    assert [whole.send(each) for each in many] == [cut.send(each[:80]) + cut.send(each[80:]) for each in many]
    assert whole.connection.window == cut.connection.window
