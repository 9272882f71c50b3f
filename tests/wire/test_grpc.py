"""gRPC over HTTP/2: framing, statuses, deadlines, refusals, cancellation, calls that answer later."""

from __future__ import annotations

import pytest

from ext_authz.rpc import Call, RpcError, Status
from ext_authz.wire import lifetime, responses
from ext_authz.wire.head import timeout_s
from ext_authz.wire.limits import Limits
from tests.wire.peer import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    LATER,
    REQUEST,
    RST,
    Frame,
    Peer,
    block,
    call,
    frame,
    grpc_status,
    messages,
    prefixed,
    reset_code,
)

HEAD = frame(HEADERS, END_HEADERS, 1, block())
CANCEL = frame(RST, 0, 1, (8).to_bytes(4, "big"))


def fields(frames: list[Frame]) -> dict[str, str]:
    return {name: value for one in frames for name, value in one.headers}


def test_an_answer_is_headers_data_and_trailers() -> None:
    frames = Peer().send(call(message=b"hello"))
    assert [(one.kind, one.flags) for one in frames] == [(HEADERS, 4), (DATA, 0), (HEADERS, 5)]
    assert dict(frames[0].headers) == {":status": "200", "content-type": "application/grpc"}
    assert dict(frames[2].headers) == {"grpc-status": "0"}
    assert messages(frames) == prefixed(b"hello")


@pytest.mark.parametrize("message", [b"", b"x", bytes(5000)])
def test_a_message_may_be_cut_anywhere_into_data_frames(message: bytes) -> None:
    whole = prefixed(message)
    for cut in (0, 1, 4, 5, 6, len(whole) - 1, len(whole)):
        parts = frame(DATA, 0, 1, whole[:cut]) + frame(DATA, 0, 1, whole[cut:]) + frame(DATA, END_STREAM, 1)
        peer = Peer()
        assert messages(peer.send(HEAD + parts)) == whole
        assert peer.connection.held_bytes == 0


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (b"", Status.INTERNAL, "exactly one message"),
        (prefixed(b"a") + prefixed(b"b"), Status.INTERNAL, "exactly one message"),
        (prefixed(b"abc")[:-1], Status.INTERNAL, "incomplete"),
        (b"\0\0", Status.INTERNAL, "incomplete"),
        (b"\1" + prefixed(b"abc")[1:], Status.UNIMPLEMENTED, "compressed"),
        (b"\0\xff\xff\xff\xff", Status.RESOURCE_EXHAUSTED, "4294967295 bytes"),
    ],
)
def test_a_wrong_body_fails_the_call(body: bytes, status: Status, text: str) -> None:
    frames = Peer().send(HEAD + frame(DATA, END_STREAM, 1, body))
    answer = grpc_status(frames)
    assert answer is not None
    assert answer[0] == status
    assert text in answer[1]
    assert len(frames) == 1, "trailers only"


def test_a_call_that_fails_before_its_end_tells_the_peer_to_stop_sending() -> None:
    peer = Peer()
    frames = peer.send(HEAD + frame(DATA, 0, 1, b"\1" + bytes(10)))
    assert grpc_status(frames) == (Status.UNIMPLEMENTED, "compressed messages are not supported")
    assert reset_code(frames) == 0
    assert peer.send(frame(DATA, END_STREAM, 1, bytes(10))) == []


@pytest.mark.parametrize(
    ("replaced", "expected"),
    [
        ({"path": "/test.Test/Nothing"}, {"grpc-status": "12", "grpc-message": "unknown method /test.Test/Nothing"}),
        ({"method": "GET"}, {":status": "405"}),
        ({"content_type": "application/json"}, {":status": "415"}),
        ({"content_type": "application/grpcx"}, {":status": "415"}),
        ({"content_type": ""}, {":status": "415"}),
    ],
)
def test_what_is_no_call_of_ours_is_refused(replaced: dict[str, str], expected: dict[str, str]) -> None:
    assert expected.items() <= fields(Peer().send(call(**replaced))).items()


@pytest.mark.parametrize("content_type", ["application/grpc+proto", "application/grpc;charset=utf-8"])
def test_a_subtype_or_parameter_of_the_content_type_is_taken(content_type: str) -> None:
    assert fields(Peer().send(call(content_type=content_type)))["grpc-status"] == "0"


def test_a_compressed_call_is_refused_by_its_header() -> None:
    head = frame(HEADERS, END_HEADERS, 1, block((*REQUEST, ("grpc-encoding", "gzip"))))
    frames = Peer().send(head + frame(DATA, END_STREAM, 1, b"\1" + bytes(4)))
    assert grpc_status(frames) == (Status.UNIMPLEMENTED, "compressed messages are not supported")


def test_a_large_header_list_is_refused_and_the_connection_goes_on() -> None:
    peer = Peer(Limits(header_list_bytes=1000))
    large = frame(HEADERS, 5, 1, block((*REQUEST, ("x", "a" * 1000))))
    frames = peer.send(large + call(3))
    assert grpc_status(frames) == (Status.RESOURCE_EXHAUSTED, "header list too large")
    assert grpc_status(frames, 3) == (0, "")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(b"250m", 0.25), (b"1H", 3600.0), (b"2M", 120.0), (b"99999999S", 99999999.0), (b"5u", 5e-6), (b"7n", 7e-9)],
)
def test_grpc_timeout(value: bytes, seconds: float) -> None:
    assert timeout_s(value) == pytest.approx(seconds)


@pytest.mark.parametrize("value", [b"", b"1", b"m", b"-1m", b"1.5S", b"123456789S", b"1s", b"1m "])
def test_grpc_timeout_that_is_none(value: bytes) -> None:
    assert timeout_s(value) is None


def test_a_handler_sees_the_timeout() -> None:
    peer = Peer()
    for stream, timeout in enumerate(("250m", "3S", "250m", "4S", "5S")):
        peer.send(frame(HEADERS, END_HEADERS, 2 * stream + 1, block((*REQUEST, ("grpc-timeout", timeout)), path=LATER)))
        peer.send(frame(DATA, END_STREAM, 2 * stream + 1, prefixed(b"")))
    peer.send(call(99, path=LATER))
    assert [one.timeout_s for one in peer.later.calls] == [0.25, 3, 0.25, 4, 5, None]


def test_grpc_message_is_percent_encoded() -> None:
    def fails(_message: bytes, _call: Call) -> bytes:
        raise RpcError(Status.NOT_FOUND, "nö 100%\n")

    frames = Peer(handlers={"/t/Fails": fails}).send(call(path="/t/Fails"))
    assert grpc_status(frames) == (Status.NOT_FOUND, "n%C3%B6 100%25%0A")
    assert responses.percent_encoded("\ud800") == b"?"


def test_a_handler_that_raises_is_a_failed_call_and_its_text_stays_here(caplog: pytest.LogCaptureFixture) -> None:
    def fails(_message: bytes, _call: Call) -> bytes:
        raise ValueError("secret")

    peer = Peer(handlers={"/t/Fails": fails})
    frames = peer.send(call(path="/t/Fails") + call(3))
    assert grpc_status(frames) == (Status.INTERNAL, "internal error")
    assert grpc_status(frames, 3) == (0, "")
    assert "secret" in caplog.text


def test_a_call_answered_later_wakes_the_owner_once_for_its_output() -> None:
    peer = Peer()
    assert peer.send(call(1, path=LATER) + call(3, path=LATER)) == []
    peer.later.calls[1].answer(b"second")
    peer.later.calls[0].fail(Status.UNAVAILABLE, "away")
    assert peer.woken == 2
    frames = peer.take()
    assert messages(frames, 3) == prefixed(b"second")
    assert grpc_status(frames) == (Status.UNAVAILABLE, "away")
    peer.later.calls[0].answer(b"again")
    peer.later.calls[0].fail(Status.INTERNAL, "again")
    assert peer.take() == []
    assert peer.later.cancelled == 0


def test_a_cancelled_call_is_told_once_and_may_still_answer() -> None:
    peer = Peer()
    peer.send(call(1, path=LATER) + CANCEL)
    assert peer.later.cancelled == 1
    peer.later.calls[0].answer(b"too late")
    assert peer.take() == []
    assert peer.send(CANCEL) == []
    assert peer.later.cancelled == 1


def test_a_lost_connection_cancels_its_calls() -> None:
    peer = Peer()
    peer.send(call(1, path=LATER) + call(3, path=LATER))
    peer.connection.lost()
    assert peer.later.cancelled == 2
    peer.later.calls[0].answer(b"too late")
    assert peer.take() == []


def test_the_callback_of_a_lost_call_may_answer_another() -> None:
    peer = Peer()
    peer.send(call(1, path=LATER) + call(3, path=LATER))
    first, second = peer.later.calls
    first.on_cancel(lambda: second.answer(b""))
    second.on_cancel(lambda: first.fail(Status.INTERNAL, ""))
    peer.connection.lost()
    assert peer.later.cancelled == 2
    assert peer.take() == []


def test_a_callback_that_raises_does_not_keep_others_from_hearing(caplog: pytest.LogCaptureFixture) -> None:
    heard = []

    def handler(_message: bytes, one: Call) -> None:
        one.on_cancel(lambda: 1 / 0)  # type: ignore[arg-type,return-value]
        one.on_cancel(lambda: heard.append(1))

    peer = Peer(handlers={"/t/H": handler})
    peer.send(call(path="/t/H") + CANCEL)
    assert heard == [1]
    assert "ZeroDivisionError" in caplog.text


def test_a_deadline_that_passed_ends_the_call() -> None:
    peer = Peer()
    peer.send(frame(HEADERS, END_HEADERS, 1, block((*REQUEST, ("grpc-timeout", "1S")), path=LATER)))
    peer.send(frame(DATA, END_STREAM, 1, prefixed(b"")))
    for _ in range(3):
        lifetime.tick(peer.connection, 1.0)
    assert grpc_status(peer.take()) == (Status.DEADLINE_EXCEEDED, "deadline exceeded")
    assert peer.later.cancelled == 1
