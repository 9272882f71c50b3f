"""Flow control both ways (RFC 9113 section 5.2): answers larger than the peer's windows, requests larger than ours."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from ext_authz.rpc import Call, Receiver, StreamingCall
from ext_authz.wire.limits import CONNECTION_WINDOW_BYTES, STREAM_WINDOW_BYTES, Limits
from tests.wire.peer import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    LATER,
    RST,
    WINDOW,
    Frame,
    Peer,
    block,
    call,
    frame,
    grpc_status,
    messages,
    prefixed,
    settings,
    window,
)

BIG = bytes(range(256)) * 400  # 102,400 bytes


def big(_message: bytes, _call: Call) -> bytes:
    return BIG


def big_peer(**values: int) -> Peer:
    return Peer(handlers={"/t/Big": big}, settings_values={int(name[1:]): value for name, value in values.items()})


def test_an_answer_larger_than_the_windows_waits_for_them() -> None:
    peer = big_peer()
    first = peer.send(call(path="/t/Big"))
    assert len(messages(first)) == 65_535
    assert max(len(one.payload) for one in first) <= 16_384
    assert grpc_status(first) is None
    assert messages(peer.send(window(0, 1 << 20))) == b"", "the stream's own window is closed too"
    rest = peer.send(window(1, 1 << 20))
    assert messages(first) + messages(rest) == prefixed(BIG)
    assert grpc_status(rest) == (0, "")
    assert not peer.connection.streams


def test_a_larger_frame_size_of_the_peer_is_used() -> None:
    frames = big_peer(_5=1 << 20, _4=1 << 20).send(window(0, 1 << 20) + call(path="/t/Big"))
    assert [len(one.payload) for one in frames if one.kind == DATA] == [len(BIG) + 5]


def test_a_window_that_settings_take_below_zero_must_be_refilled() -> None:
    peer = big_peer()
    first = peer.send(call(path="/t/Big"))
    assert messages(peer.send(settings({4: 0}) + window(0, 1 << 20) + window(1, 65_535))) == b""
    assert len(messages(peer.send(window(1, 1)))) == 1
    assert len(messages(first)) == 65_535


def test_streams_that_wait_take_turns() -> None:
    peer = big_peer(_4=1 << 20)
    first = peer.send(call(1, path="/t/Big") + call(3, path="/t/Big"))
    assert len(messages(first, 1)) == 65_535
    then = peer.send(window(0, 4 * 16_384))
    assert [one.stream for one in then] == [1, 3, 1, 3]
    assert {len(one.payload) for one in then} == {16_384}


def test_a_small_answer_behind_a_waiting_one_does_not_overtake_on_an_empty_window() -> None:
    peer = big_peer()
    peer.send(call(1, path="/t/Big"))
    assert grpc_status(peer.send(call(3)), 3) is None
    assert grpc_status(peer.send(window(0, 1 << 20)), 3) == (0, "")


def test_a_reset_drops_what_waited() -> None:
    peer = big_peer()
    peer.send(call(1, path="/t/Big"))
    peer.send(frame(RST, 0, 1, bytes(4)))
    assert peer.send(window(0, 1 << 20)) == []
    assert peer.connection.out.waiting_bytes() == 0


@given(st.lists(st.tuples(st.sampled_from([0, 1, 3]), st.integers(1, 60_000)), max_size=40))
def test_no_window_is_ever_exceeded(updates: list[tuple[int, int]]) -> None:
    peer = big_peer()
    granted = {0: 65_535, 1: 65_535, 3: 65_535}
    frames = peer.send(call(1, path="/t/Big") + call(3, path="/t/Big"))
    for stream, increment in updates:
        granted[stream] += increment
        frames += peer.send(window(stream, increment))
        sent = {stream: len(messages(frames, stream)) for stream in (1, 3)}
        assert sent[1] + sent[3] <= granted[0]
        assert all(sent[stream] <= granted[stream] for stream in sent)
        stuck = [stream for stream in sent if sent[stream] < len(BIG) + 5]
        assert sent[1] + sent[3] == granted[0] or all(sent[stream] == granted[stream] for stream in stuck)


def granted_to(frames: list[Frame], stream: int) -> int:
    return sum(struct.unpack(">I", one.payload)[0] for one in frames if one.kind == WINDOW and one.stream == stream)


def test_a_request_larger_than_the_window_gets_more_window_while_it_comes() -> None:
    peer = Peer()
    body = prefixed(bytes(3 * STREAM_WINDOW_BYTES))
    frames = peer.send(frame(HEADERS, END_HEADERS, 1, block(path=LATER)))
    for at in range(0, len(body), 16_384):
        frames += peer.send(frame(DATA, 0, 1, body[at : at + 16_384]))
    frames += peer.send(frame(DATA, END_STREAM, 1))
    assert len(peer.later.calls) == 1
    assert granted_to(frames, 1) > 2 * STREAM_WINDOW_BYTES
    for stream in range(3, 30, 2):
        frames += peer.send(frame(HEADERS, END_HEADERS, stream, block(path=LATER)))
        for at in range(0, STREAM_WINDOW_BYTES // 2, 16_384):
            frames += peer.send(frame(DATA, 0, stream, body[at : at + 16_384]))
    assert granted_to(frames, 0) > CONNECTION_WINDOW_BYTES // 2


class Recorder(Receiver):
    def __init__(self, call: StreamingCall) -> None:
        self.call = call
        self.heard: list[bytes | str] = []

    def message(self, message: bytes) -> None:
        self.heard.append(message)
        self.call.send(message)

    def half_closed(self) -> None:
        self.heard.append("half closed")
        self.call.finish()

    def cancelled(self) -> None:
        self.heard.append("cancelled")


def streaming_peer(limits: Limits | None = None) -> tuple[Peer, list[Recorder]]:
    made: list[Recorder] = []

    def handler(call: StreamingCall) -> Recorder:
        made.append(Recorder(call))
        return made[-1]

    return Peer(limits, streaming={"/t/Stream": handler}), made


OPEN_STREAM = frame(HEADERS, END_HEADERS, 1, block(path="/t/Stream"))


def test_a_bidirectional_call_answers_each_message_and_ends_with_its_peer() -> None:
    peer, made = streaming_peer()
    body = prefixed(b"one") + prefixed(b"two")
    frames = peer.send(OPEN_STREAM + frame(DATA, 0, 1, body[:10]))
    assert messages(frames) == prefixed(b"one")
    frames = peer.send(frame(DATA, 0, 1, body[10:]) + frame(DATA, END_STREAM, 1))
    assert messages(frames) == prefixed(b"two")
    assert grpc_status(frames) == (0, "")
    assert made[0].heard == [b"one", b"two", "half closed"]
    assert not peer.connection.streams


def test_a_streaming_call_is_told_of_a_reset() -> None:
    peer, made = streaming_peer()
    peer.send(OPEN_STREAM + frame(DATA, 0, 1, prefixed(b"one")) + frame(RST, 0, 1, bytes(4)))
    assert made[0].heard == [b"one", "cancelled"]
    made[0].call.send(b"too late")
    assert peer.take() == []


def test_a_peer_that_takes_no_messages_loses_its_streaming_call() -> None:
    peer, made = streaming_peer(Limits(write_buffer_bytes=100_000))
    peer.send(OPEN_STREAM + frame(DATA, 0, 1, prefixed(b"one")))
    for _ in range(20):
        made[0].call.send(bytes(10_000))
    answer = grpc_status(peer.take())
    assert answer is not None
    assert answer[0] == 8
    assert made[0].heard[-1] == "cancelled"
    assert peer.connection.out.waiting_bytes() == 0
