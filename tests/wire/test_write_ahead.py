"""Of a long read the first answers are on their way before the last call is handled."""

from __future__ import annotations

import asyncio
import select
import socket
import threading

import pytest

from ext_authz.rpc import Call
from ext_authz.wire.limits import Limits
from ext_authz.wire.services import Services
from ext_authz.wire.shell import Shell
from tests.wire.peer import PREFACE, call, settings, window
from tests.wire.served import served

# Of a thousand bytes each: parts of a read, and no more than a socket holds.
CALLS = 20
GREETING = PREFACE + settings() + window(0, 1 << 20)


def asked(*, begin: int, size: int) -> bytes:
    """So many calls of so many bytes, the last one by its name."""
    streams = range(begin, begin + 2 * CALLS, 2)
    return b"".join(call(at, b"last" if at == streams[-1] else b"%-*d" % (size, at), path="/t/Call") for at in streams)


@pytest.mark.parametrize(
    ("size", "later", "ahead"),
    [(1000, False, True), (2000, True, True), (100, False, False), (100, True, False)],
    ids=["long", "longer, answered later", "short", "short, answered later"],
)
def test_what_answers_the_begin_of_a_long_read_goes_ahead(size: int, later: bool, ahead: bool) -> None:
    sent, handled, peeked = threading.Event(), threading.Event(), []

    def answer(message: bytes, asked_for: Call) -> bytes | None:
        if message == b"last":
            if select.select([peer], [], [], 0)[0]:
                peeked.append(peer.recv(1 << 20, socket.MSG_PEEK))
            handled.set()
        reply = b"<%b>" % message.strip()
        if not later:
            return reply
        # As a store's: asked at the end of this turn of the loop, told in another.
        loop = one.loop
        loop.call_soon(loop.call_soon, asked_for.answer, reply)
        return None

    with served("wire", {"/t/Call": answer}) as one:
        host, _, port = one.address.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=5) as peer:
            peer.sendall(GREETING)
            peer.recv(1 << 16)
            one.loop.call_soon_threadsafe(sent.wait, 5)
            peer.sendall(asked(begin=1, size=size))
            sent.set()  # so that all of them are one read
            assert handled.wait(5)
            got = b""
            while b"<last>" not in got:
                got += peer.recv(1 << 16)
    numbers = [b"<%d>" % at for at in range(1, 1 + 2 * (CALLS - 1), 2)]
    assert all(got.count(number) == 1 for number in numbers), "each answer comes once"
    assert sorted(numbers, key=got.index) == numbers, "and in order"
    assert (numbers[0] in b"".join(peeked)) is ahead
    assert numbers[-1] not in b"".join(peeked)


class Transport:
    """What the protocol does to its transport."""

    def __init__(self) -> None:
        self.reading = True
        self.closing = False
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def pause_reading(self) -> None:
        assert self.reading
        self.reading = False

    def resume_reading(self) -> None:
        assert not self.reading
        assert not self.closing
        self.reading = True

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def get_extra_info(self, _name: str) -> None:
        return None

    def set_write_buffer_limits(self, high: int) -> None:
        pass


def test_of_answers_that_come_later_every_second_is_written_at_once() -> None:
    transport, calls, written = Transport(), [], []

    def wait(_message: bytes, waiting: Call) -> None:
        calls.append(waiting)

    async def run() -> None:
        shell = Shell(Services({"/t/Call": wait}, {}), Limits(), set())
        shell.connection_made(transport)  # type: ignore[arg-type]
        shell.data_received(GREETING + asked(begin=1, size=10))
        for number, waiting in enumerate(calls[:7]):
            transport.written = b""
            waiting.answer(b"<%d>" % number)
            written.append([at for at in range(7) if b"<%d>" % at in transport.written])
        transport.written = b""
        await asyncio.sleep(0)
        written.append([at for at in range(7) if b"<%d>" % at in transport.written])

    asyncio.run(run())
    assert written == [[], [0, 1], [], [2, 3], [], [4, 5], [], [6]]


def flooded(*, broken: bool = False) -> tuple[Transport, list[bytes], list[bool]]:
    """A peer whose calls wait sends half a megabyte at once; whether we read, turn by turn."""
    transport, seen, reading = Transport(), [], []

    def wait(message: bytes, _call: Call) -> None:
        seen.append(message)

    async def run() -> None:
        shell = Shell(Services({"/t/Call": wait}, {}), Limits(concurrent_streams=100_000), set())
        shell.connection_made(transport)  # type: ignore[arg-type]
        shell.data_received(GREETING)
        flood = [asked(begin=1 + 2 * CALLS * number, size=1000) for number in range(24)]
        for number, piece in enumerate(flood):
            shell.data_received(b"junk" * 5000 if broken and number == 15 else piece)
        for _ in range(300):
            reading.append(transport.reading)
            await asyncio.sleep(0)

    asyncio.run(run())
    return transport, seen, reading


def test_who_sends_faster_than_we_handle_is_not_read_from_until_we_have() -> None:
    _, seen, reading = flooded()
    assert len(seen) == 24 * CALLS
    assert seen[:2] == [b"%-1000d" % 1, b"%-1000d" % 3]
    assert reading == sorted(reading), "closed once, opened once"
    assert (reading[0], reading[-1]) == (False, True)


def test_what_follows_an_error_is_not_handled() -> None:
    transport, seen, _ = flooded(broken=True)
    assert len(seen) == 15 * CALLS
    assert transport.closing
