"""How streaming calls end: by their handler, by its faults, by the peer, by time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ext_authz.rpc import Receiver, RpcError, Status, StreamingCall
from ext_authz.wire import Health, lifetime
from ext_authz.wire.health_service import WATCH, health_streams
from ext_authz.wire.reflection import reflection_streams
from tests.wire.peer import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    REQUEST,
    RST,
    Frame,
    Peer,
    block,
    frame,
    grpc_status,
    messages,
    prefixed,
    reset_code,
)


def start(path: str, *fields: tuple[str, str]) -> bytes:
    return frame(HEADERS, END_HEADERS, 1, block((*REQUEST, *fields), path=path))


def one_message(peer: Peer, path: str, message: bytes = b"x", flags: int = 0) -> list[Frame]:
    return peer.send(start(path) + frame(DATA, flags, 1, prefixed(message)))


class Scripted(Receiver):
    """Does what a test says when a message comes."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self.heard: list[str] = []

    def message(self, message: bytes) -> None:
        self.heard.append("message")
        self._act()

    def half_closed(self) -> None:
        self.heard.append("half closed")

    def cancelled(self) -> None:
        self.heard.append("cancelled")


def scripted(act: Callable[[StreamingCall], None]) -> tuple[Peer, list[Scripted]]:
    made: list[Scripted] = []

    def handler(call: StreamingCall) -> Scripted:
        made.append(Scripted(lambda: act(call)))
        return made[-1]

    return Peer(streaming={"/t/S": handler}), made


def raise_value_error(_call: StreamingCall) -> None:
    raise ValueError("secret")


def raise_rpc_error(_call: StreamingCall) -> None:
    raise RpcError(Status.NOT_FOUND, "nothing")


@pytest.mark.parametrize(
    ("act", "status"),
    [(raise_value_error, (Status.INTERNAL, "internal error")), (raise_rpc_error, (Status.NOT_FOUND, "nothing"))],
)
def test_a_handler_that_raises_ends_its_call(act: Callable[[StreamingCall], None], status: tuple[int, str]) -> None:
    peer, made = scripted(act)
    frames = one_message(peer, "/t/S")
    assert grpc_status(frames) == status
    assert reset_code(frames) == 0
    assert made[0].heard == ["message", "cancelled"]
    assert not peer.connection.streams


def test_a_handler_may_finish_before_its_peer_and_is_told_no_more() -> None:
    def finish(call: StreamingCall) -> None:
        call.send(b"answer")
        call.finish(Status.OK)
        call.finish(Status.INTERNAL, "again")
        call.send(b"too late")

    peer, made = scripted(finish)
    frames = one_message(peer, "/t/S", flags=END_STREAM)
    assert messages(frames) == prefixed(b"answer")
    assert grpc_status(frames) == (0, "")
    assert made[0].heard == ["message"]


def test_a_handler_may_refuse_as_it_is_called() -> None:
    def handler(call: StreamingCall) -> Receiver:
        call.finish(Status.UNAVAILABLE, "away")
        return Scripted(lambda: None)

    peer = Peer(streaming={"/t/S": handler})
    assert grpc_status(one_message(peer, "/t/S")) == (Status.UNAVAILABLE, "away")


def test_the_last_message_must_be_whole() -> None:
    peer, made = scripted(lambda _call: None)
    frames = peer.send(start("/t/S") + frame(DATA, END_STREAM, 1, prefixed(b"abc")[:-1]))
    assert grpc_status(frames) == (Status.INTERNAL, "the last message is incomplete")
    assert made == []
    assert peer.connection.held_bytes == 0


def test_what_waits_is_still_sent_when_the_handler_finishes() -> None:
    def answer(call: StreamingCall) -> None:
        call.send(bytes(70_000))
        call.finish()

    peer, _ = scripted(answer)
    frames = one_message(peer, "/t/S")
    assert grpc_status(frames) is None
    frames += peer.send(frame(8, 0, 0, b"\0\1\0\0") + frame(8, 0, 1, b"\0\1\0\0") + frame(DATA, 0, 1, b"ignored"))
    assert len(messages(frames)) == 70_005
    assert grpc_status(frames) == (0, "")


def test_a_deadline_ends_a_streaming_call() -> None:
    peer, made = scripted(lambda call: None if call.timeout_s == 1 else call.finish(Status.INTERNAL))
    peer.send(start("/t/S", ("grpc-timeout", "1S")) + frame(DATA, 0, 1, prefixed(b"x")))
    for _ in range(3):
        lifetime.tick(peer.connection, 1.0)
    assert grpc_status(peer.take()) == (Status.DEADLINE_EXCEEDED, "deadline exceeded")
    assert made[0].heard == ["message", "cancelled"]


def test_watch_takes_exactly_one_request() -> None:
    health = Health(("a",))
    peer = Peer(streaming=health_streams(health))
    frames = one_message(peer, WATCH, b"\x0a\x01a")
    assert messages(frames) == prefixed(b"\x08\x01")
    health.set("a", True)
    assert peer.take() == [], "nothing has changed"
    health.set("a", False)
    assert messages(peer.take()) == prefixed(b"\x08\x02")
    answer = grpc_status(peer.send(frame(DATA, 0, 1, prefixed(b""))))
    assert answer == (Status.INVALID_ARGUMENT, "Watch takes one message")
    assert health._watchers == []
    frames = Peer(streaming=health_streams(health)).send(start(WATCH) + frame(DATA, END_STREAM, 1))
    assert grpc_status(frames) == (Status.INVALID_ARGUMENT, "Watch takes one message")


def test_a_watch_that_is_cancelled_is_forgotten() -> None:
    health = Health()
    peer = Peer(streaming=health_streams(health))
    one_message(peer, WATCH, b"", END_STREAM)
    peer.send(frame(RST, 0, 1, bytes(4)))
    assert health._watchers == []


@pytest.mark.parametrize("message", [b"\x0a", b"\x0a\x02a", b"\x12\x01a", b"\x0a\x80\x01"])
def test_a_health_request_that_is_none_is_refused(message: bytes) -> None:
    frames = one_message(Peer(streaming=health_streams(Health())), WATCH, message)
    assert grpc_status(frames) == (Status.INVALID_ARGUMENT, "not a HealthCheckRequest")


def test_a_reflection_request_that_is_none_is_refused() -> None:
    peer = Peer(streaming=reflection_streams(["grpc.health.v1.Health"]))
    frames = one_message(peer, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", b"\xff")
    assert grpc_status(frames) == (Status.INVALID_ARGUMENT, "not a ServerReflectionRequest")
