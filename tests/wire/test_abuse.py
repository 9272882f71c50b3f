"""Each bound against a hostile peer: below it all goes on, above it the connection or call ends with the right code."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hpack import Encoder

from ext_authz.rpc import Status
from ext_authz.wire import lifetime
from ext_authz.wire.errors import ErrorCode
from ext_authz.wire.limits import Limits
from tests.wire.peer import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    HEADERS,
    LATER,
    PING,
    PREFACE,
    PRIORITY,
    REQUEST,
    RST,
    SETTINGS,
    Frame,
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

CALM = ErrorCode.ENHANCE_YOUR_CALM
OPEN = frame(HEADERS, END_HEADERS, 1, block(path=LATER))
BURST = Limits(control_burst=100, reset_burst=100)

FLOODS = {
    "PING": frame(PING, 0, 0, bytes(8)),
    "PING acknowledgements": frame(PING, ACK, 0, bytes(8)),
    "SETTINGS": settings(),
    "SETTINGS acknowledgements": frame(SETTINGS, ACK, 0),
    "PRIORITY": frame(PRIORITY, 0, 1, bytes(5)),
    "WINDOW_UPDATE": window(0, 1),
    "WINDOW_UPDATE of a stream": window(1, 1),
    "unknown frames": frame(99, 0, 0),
    "empty DATA": frame(DATA, 0, 1),
    "DATA of padding only": frame(DATA, 8, 1, b"\3" + bytes(3)),
    "RST_STREAM on closed streams": frame(RST, 0, 3, bytes(4)),
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_a_flood_of_frames_that_do_no_work_ends_the_connection(flood: bytes) -> None:
    peer = Peer(BURST)
    peer.send(OPEN + call(3))
    assert goaway_code(peer.send(flood * 80)) is None
    assert goaway_code(peer.send(flood * 80)) == CALM


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_calls_and_time_earn_new_allowance(flood: bytes) -> None:
    peer = Peer(BURST)
    peer.send(OPEN + call(3))
    frames: list[Frame] = []
    for stream in range(5, 805, 2):
        frames += peer.send(call(stream) + flood * 3)
    for _ in range(10):
        frames += peer.send(flood * 90)
        lifetime.tick(peer.connection, 1.0)
    assert goaway_code(frames) is None


def test_settings_of_many_values_cost_more() -> None:
    many = frame(SETTINGS, 0, 0, (b"\0\7" + bytes(4)) * 2000)
    assert goaway_code(Peer(BURST).send(many)) == CALM


def resets(first: int, count: int) -> bytes:
    return b"".join(
        call(stream, path=LATER) + frame(RST, 0, stream, bytes(4)) for stream in range(first, first + 2 * count, 2)
    )


def provoked(first: int, count: int) -> bytes:
    """Resets that the peer makes us send ("MadeYouReset")."""
    return b"".join(call(stream, path=LATER) + window(stream, 0) for stream in range(first, first + 2 * count, 2))


@pytest.mark.parametrize("abuse", [resets, provoked])
def test_rapid_resets_end_the_connection(abuse: Callable[[int, int], bytes]) -> None:
    peer = Peer(Limits(reset_burst=100))
    assert goaway_code(peer.send(abuse(1, 90))) is None
    assert goaway_code(peer.send(abuse(181, 90))) == CALM
    assert peer.later.cancelled >= 100, "every call that was reset has been told"
    assert not peer.connection.streams


def test_a_proxy_that_times_out_some_of_its_calls_is_no_abuser() -> None:
    peer = Peer(BURST)
    frames: list[Frame] = []
    for stream in range(1, 4001, 4):
        frames += peer.send(call(stream) + resets(stream + 2, 1))
    assert goaway_code(frames) is None


def test_streams_above_the_limit_are_refused() -> None:
    peer = Peer(Limits(concurrent_streams=10))
    frames = peer.send(b"".join(call(stream, path=LATER) for stream in range(1, 25, 2)))
    assert [reset_code(frames, stream) for stream in (19, 21, 23)] == [
        None,
        ErrorCode.REFUSED_STREAM,
        ErrorCode.REFUSED_STREAM,
    ]
    peer.later.calls[0].answer(b"")
    peer.take()
    assert messages(peer.send(call(25)), 25) == prefixed(b"abc")


def test_a_continuation_flood_ends_the_connection_before_anything_is_decoded() -> None:
    start = frame(HEADERS, 1, 1, block())
    peer = Peer(Limits(continuations=8))
    assert goaway_code(peer.send(start + frame(CONTINUATION, 0, 1) * 8)) is None
    assert goaway_code(peer.send(frame(CONTINUATION, 0, 1))) == CALM


def test_a_header_block_of_too_many_bytes_ends_the_connection() -> None:
    peer = Peer(Limits(header_list_bytes=8192))
    start = frame(HEADERS, 1, 1, block())
    assert goaway_code(peer.send(start + frame(CONTINUATION, 0, 1, bytes(16_000)) * 3)) == CALM


def test_a_small_block_that_decodes_to_much_ends_the_connection() -> None:
    encoder = Encoder()
    bomb = encoder.encode([*REQUEST, ("x", "a" * 3000)]) + encoder.encode([("x", "a" * 3000)]) * 100
    peer = Peer()
    assert len(bomb) < 4000
    assert goaway_code(peer.send(frame(HEADERS, 5, 1, bomb))) == CALM


def test_incomplete_messages_are_bounded_over_all_streams() -> None:
    peer = Peer(Limits(buffered_bytes=100_000))
    part = prefixed(bytes(30_000))[:16_384]
    refused = []
    for stream in range(1, 41, 2):
        frames = peer.send(frame(HEADERS, END_HEADERS, stream, block(path=LATER)) + frame(DATA, 0, stream, part))
        refused.append(grpc_status(frames, stream))
    assert refused[:6] == [None] * 6
    assert {one[0] for one in refused[6:] if one} == {Status.RESOURCE_EXHAUSTED}
    assert peer.connection.held_bytes <= 100_000


def test_data_for_a_call_that_nobody_takes_is_dropped_up_to_a_bound() -> None:
    peer = Peer(Limits(message_bytes=50_000))
    peer.send(frame(HEADERS, END_HEADERS, 1, block(path="/unknown")))
    frames = [one for _ in range(5) for one in peer.send(frame(DATA, 0, 1, bytes(16_000)))]
    assert grpc_status(frames) == (Status.UNIMPLEMENTED, "unknown method /unknown")
    assert reset_code(frames) == 0


def ticks(peer: Peer, seconds: int) -> list[Frame]:
    frames: list[Frame] = []
    for _ in range(seconds):
        lifetime.tick(peer.connection, 1.0)
        frames += peer.take()
    return frames


INCOMPLETE = {
    "a part of the preface": PREFACE[:5],
    "the preface without SETTINGS": PREFACE,
    "a header block without its end": PREFACE + settings() + frame(HEADERS, 1, 1, block()),
    "a part of a frame": PREFACE + settings() + call(1)[:20],
}


@pytest.mark.parametrize("sent", INCOMPLETE.values(), ids=INCOMPLETE)
def test_what_stays_incomplete_ends_the_connection(sent: bytes) -> None:
    peer = Peer(greet=False)
    peer.send(sent)
    assert goaway_code(ticks(peer, 10)) is None
    assert goaway_code(ticks(peer, 1)) == CALM


def test_a_frame_that_drips_does_not_outlive_the_timeout() -> None:
    peer = Peer()
    frames: list[Frame] = []
    for octet in call(1)[:12]:
        frames += peer.send(bytes((octet,))) + ticks(peer, 1)
    assert goaway_code(frames) == CALM


def test_a_busy_connection_whose_reads_end_within_frames_is_not_incomplete() -> None:
    peer = Peer()
    data = b"".join(call(stream) for stream in range(1, 61, 2))
    step = len(data) // 30 + 1
    frames: list[Frame] = []
    for at in range(0, len(data), step):
        frames += peer.send(data[at : at + step]) + ticks(peer, 1)
    assert goaway_code(frames) is None
    assert grpc_status(frames, 59) == (0, "")


def test_a_message_that_does_not_come_ends_its_call() -> None:
    peer = Peer(Limits(request_timeout_s=5))
    peer.send(OPEN + frame(DATA, 0, 1, prefixed(b"abc")[:3]))
    assert grpc_status(ticks(peer, 6)) == (Status.DEADLINE_EXCEEDED, "deadline exceeded")
    assert peer.connection.held_bytes == 0


def test_a_peer_that_keeps_its_windows_closed_is_cut_off() -> None:
    peer = Peer(settings_values={4: 0})
    peer.send(call(1))
    assert goaway_code(ticks(peer, 30)) is None
    assert goaway_code(ticks(peer, 1)) == CALM
    peer = Peer(settings_values={4: 0})
    peer.send(call(1))
    frames: list[Frame] = []
    for _ in range(7):
        frames += ticks(peer, 29) + peer.send(window(1, 1))
    assert goaway_code(frames) is None, "slow, yet it moves"
