"""Of a long read the first answers are on their way before the last call is handled."""

from __future__ import annotations

import select
import socket
import threading

import pytest

from ext_authz.rpc import Call
from tests.wire.peer import PREFACE, call, settings, window
from tests.wire.served import served

CALLS = 20
GREETING = PREFACE + settings() + window(0, 1 << 20)


def asked(*, begin: int, size: int) -> bytes:
    """So many calls of so many bytes, the last one by its name."""
    streams = range(begin, begin + 2 * CALLS, 2)
    return b"".join(call(at, b"last" if at == streams[-1] else b"%-*d" % (size, at), path="/t/Call") for at in streams)


@pytest.mark.parametrize(("size", "ahead"), [(1000, True), (100, False)], ids=["long", "short"])
def test_what_answers_the_begin_of_a_long_read_goes_ahead(size: int, ahead: bool) -> None:
    sent, peeked = threading.Event(), []

    def answer(message: bytes, _call: Call) -> bytes:
        if message == b"last" and select.select([peer], [], [], 0)[0]:
            peeked.append(peer.recv(1 << 20, socket.MSG_PEEK))
        return b"<%b>" % message.strip()

    with served("wire", {"/t/Call": answer}) as one:
        host, _, port = one.address.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=5) as peer:
            peer.sendall(GREETING)
            peer.recv(1 << 16)
            one.loop.call_soon_threadsafe(sent.wait, 5)
            peer.sendall(asked(begin=1, size=size))
            sent.set()  # so that all of them are one read
            got = b""
            while b"<last>" not in got:
                got += peer.recv(1 << 16)
    numbers = [b"<%d>" % at for at in range(1, 1 + 2 * (CALLS - 1), 2)]
    assert all(got.count(number) == 1 for number in numbers), "each answer comes once"
    assert sorted(numbers, key=got.index) == numbers, "and in order"
    assert (numbers[0] in b"".join(peeked)) is ahead
    assert numbers[-1] not in b"".join(peeked)
