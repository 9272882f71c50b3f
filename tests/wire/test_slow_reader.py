"""A peer that sends requests and reads no answers: we stop reading, hold a bounded amount, and cut it off in time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time

from ext_authz.rpc import Call
from ext_authz.wire import Limits
from tests.wire.peer import PREFACE, call, settings, window
from tests.wire.served import Served, served

BIG = bytes(64 * 1024)
GREETING = PREFACE + settings({4: (1 << 31) - 1}) + window(0, (1 << 31) - 1 - 65_535)


def big(_message: bytes, _call: Call) -> bytes:
    return BIG


def send_and_never_read(one: Served, count: int) -> socket.socket:
    host, _, port = one.address.rpartition(":")
    peer = socket.create_connection((host, int(port)), timeout=1)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with contextlib.suppress(TimeoutError, OSError):
        peer.sendall(GREETING)
        for stream in range(1, 2 * count, 2):
            peer.sendall(call(stream, path="/t/Big"))
    return peer


def connections(one: Served) -> int:
    return one.server.connections  # type: ignore[attr-defined,no-any-return]


def wait_until_cut(one: Served, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not connections(one):
            return True
        time.sleep(0.05)
    return False


def test_reading_stops_while_answers_are_not_read() -> None:
    answered = []

    def counted(_message: bytes, _call: Call) -> bytes:
        answered.append(1)
        return bytes(500)

    with served("wire", {"/t/Big": counted}) as one, send_and_never_read(one, 20_000):
        time.sleep(0.2)
        before = len(answered)
        time.sleep(0.2)
        assert len(answered) == before < 20_000
        assert connections(one) == 1


def test_a_peer_that_never_reads_is_cut_off() -> None:
    with served("wire", {"/t/Big": big}, limits=Limits(write_stall_s=1)) as one, send_and_never_read(one, 500):
        assert wait_until_cut(one, 6)


def test_closing_does_not_wait_for_a_peer_that_never_reads() -> None:
    with served("wire", {"/t/Big": big}) as one, send_and_never_read(one, 100):
        time.sleep(0.2)
        assert connections(one) == 1
        one.run(one.server.close).result(5)
        assert wait_until_cut(one, 1)


def test_connections_above_the_limit_are_cut() -> None:
    with served("wire", {"/t/Big": big}, limits=Limits(connections=2)) as one:
        peers = [send_and_never_read(one, 0) for _ in range(4)]
        time.sleep(0.2)
        assert connections(one) == 2
        for peer in peers:
            peer.close()


def test_late_answers_beyond_the_write_buffer_cut_the_peer_off() -> None:
    def later(_message: bytes, call: Call) -> None:
        asyncio.get_running_loop().call_later(0.3, call.answer, BIG)

    limits = Limits(write_buffer_bytes=1 << 20)
    with served("wire", {"/t/Big": later}, limits=limits) as one, send_and_never_read(one, 300):
        assert wait_until_cut(one, 3)
