"""Draining, idling, and what a call or a connection does as it ends."""

from __future__ import annotations

from ext_authz.wire import lifetime
from ext_authz.wire.errors import ErrorCode
from ext_authz.wire.limits import Limits
from tests.wire.peer import (
    ACK,
    GOAWAY,
    LATER,
    PING,
    Frame,
    Peer,
    call,
    frame,
    goaway_code,
    grpc_status,
    messages,
    prefixed,
    reset_code,
)


def last_stream(frames: list[Frame]) -> list[int]:
    return [int.from_bytes(one.payload[:4], "big") for one in frames if one.kind == GOAWAY]


def test_draining_serves_what_was_sent_before_the_peer_knew() -> None:
    peer = Peer()
    peer.send(call(1, path=LATER))
    lifetime.drain(peer.connection)
    frames = peer.take()
    assert last_stream(frames) == [(1 << 31) - 1]
    ping = next(one for one in frames if one.kind == PING)
    assert messages(peer.send(call(3)), 3) == prefixed(b"abc"), "sent before the GOAWAY arrived"
    frames = peer.send(frame(PING, ACK, 0, ping.payload) + call(5))
    assert last_stream(frames) == [3]
    assert reset_code(frames, 5) == ErrorCode.REFUSED_STREAM
    assert not peer.connection.closed
    peer.later.calls[0].answer(b"done")
    assert grpc_status(peer.take()) == (0, "")
    assert peer.connection.closed
    assert peer.woken >= 2


def test_draining_an_idle_connection_closes_it_when_the_peer_has_heard() -> None:
    peer = Peer()
    lifetime.drain(peer.connection)
    lifetime.drain(peer.connection)
    frames = peer.take()
    assert not peer.connection.closed
    peer.send(frame(PING, ACK, 0, next(one.payload for one in frames if one.kind == PING)))
    assert peer.connection.closed
    lifetime.drain(peer.connection)
    assert peer.take() == []


def test_the_last_call_of_a_draining_connection_may_be_cancelled() -> None:
    peer = Peer()
    peer.send(call(1, path=LATER))
    lifetime.refuse_new_streams(peer.connection)
    peer.take()
    peer.send(frame(3, 0, 1, bytes(4)))
    assert peer.connection.closed
    assert peer.later.cancelled == 1


def test_a_connection_without_calls_ends_after_the_idle_timeout() -> None:
    peer = Peer(Limits(idle_timeout_s=5))
    frames: list[Frame] = []
    for stream in range(1, 21, 2):
        frames += peer.send(call(stream))
        lifetime.tick(peer.connection, 1.0)
    assert goaway_code(frames) is None
    for _ in range(6):
        lifetime.tick(peer.connection, 1.0)
    assert goaway_code(peer.take()) == ErrorCode.NO_ERROR
    assert peer.connection.closed


def test_a_call_that_waits_keeps_its_connection() -> None:
    peer = Peer(Limits(idle_timeout_s=5))
    peer.send(call(1, path=LATER))
    for _ in range(20):
        lifetime.tick(peer.connection, 1.0)
    assert not peer.connection.closed


def test_abort_cancels_all_calls_once() -> None:
    peer = Peer()
    peer.send(call(1, path=LATER))
    peer.connection.abort(ErrorCode.NO_ERROR, "bye")
    peer.connection.abort(ErrorCode.NO_ERROR, "bye")
    assert [one.payload[8:] for one in peer.take()] == [b"bye"]
    assert peer.later.cancelled == 1
    lifetime.tick(peer.connection, 1.0)
    assert peer.take() == []
