"""The asyncio protocol around one connection: it moves bytes, and bounds what a slow reader leaves unread."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ext_authz.wire import lifetime
from ext_authz.wire.connection import Connection
from ext_authz.wire.errors import ErrorCode

if TYPE_CHECKING:
    from ext_authz.wire.limits import Limits
    from ext_authz.wire.services import Services

_HIGH_WATER_BYTES = 256 * 1024
# Some six calls; of 3 to 11 kB this gave the most requests a second with a limit in the store.
_PART_BYTES = 8192
_MOST_UNHANDLED_BYTES = 256 * 1024
# With a limit in the store 1 to 8 % more requests a second than with one write for all.
_ANSWERS_A_WRITE = 2


class Shell(asyncio.Protocol):
    """One socket. While the peer does not read its answers, we read none of its requests."""

    def __init__(self, services: Services, limits: Limits, open_shells: set[Shell]) -> None:
        self.connection = Connection(services.resolve, limits, self._wake)
        self._limits = limits
        self._open_shells = open_shells
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._flush_scheduled = False
        self._unsent = 0
        """Answers that wait to be written."""
        self._paused = False
        self._paused_s = 0.0
        self._goes_on = False
        """Whether a turn of the loop is to handle what was read and is not handled."""
        self._gate_closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the peer."""
        self._transport = transport  # type: ignore[assignment]  # the base of all stream protocols' transports
        self._transport.set_write_buffer_limits(high=_HIGH_WATER_BYTES)
        tls = transport.get_extra_info("ssl_object")
        wrong_protocol = tls is not None and tls.selected_alpn_protocol() != "h2"  # RFC 9113 section 3.2
        if wrong_protocol or len(self._open_shells) >= self._limits.connections:
            self._transport.abort()
            return
        self._open_shells.add(self)
        self._transport.write(self.connection.take())

    def data_received(self, data: bytes) -> None:
        """Handle all frames of one read, then write once; of a long read, a part goes ahead of the others.

        Else the proxy, the store and we would wait for each other in turn. Where its calls wait for somebody, the loop
        has a turn, so that what they ask is on its way while we go on.
        """
        connection = self.connection
        self._write(connection.receive(data, _PART_BYTES))
        if connection.unhandled_bytes:
            if not connection.streams:
                self._write(connection.receive(b""))
            elif not self._goes_on:
                self._goes_on = True
                self._loop.call_soon(self._go_on)
        self._gate()

    def _go_on(self) -> None:
        self._goes_on = False
        self.data_received(b"")

    def _write(self, output: bytes) -> None:
        if output:
            self._transport.write(output)
        if self.connection.closed:
            self._transport.close()
        elif self._paused:
            self._check_unread()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Cancel what the peer no longer waits for."""
        self._open_shells.discard(self)
        self.connection.lost()

    def pause_writing(self) -> None:
        """The peer reads too slowly: take no more requests."""
        self._paused = True
        self._gate()

    def resume_writing(self) -> None:
        """The peer has caught up."""
        self._paused = False
        self._paused_s = 0.0
        self._gate()

    def _gate(self) -> None:
        """Read, unless the peer does not, or more lies here than we get to handle."""
        closed = self._paused or self.connection.unhandled_bytes > _MOST_UNHANDLED_BYTES
        if closed != self._gate_closed and not self._transport.is_closing():
            self._gate_closed = closed
            if closed:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def drain(self) -> None:
        """Ask the peer to open no more streams; the socket closes behind the last answer."""
        lifetime.drain(self.connection)

    def close(self) -> None:
        """End the connection at once."""
        self.connection.abort(ErrorCode.NO_ERROR, "")
        self._flush()
        if self._paused:
            self._transport.abort()  # it would wait for a peer that does not read

    def tick(self, seconds: float) -> None:
        """Let time pass."""
        lifetime.tick(self.connection, seconds)
        self._flush()
        if self._paused:
            self._paused_s += seconds
            if self._paused_s > self._limits.write_stall_s:
                self._transport.abort()

    def _wake(self) -> None:
        # Of the answers that come later every second is written at once, with the one before, so that the proxy works
        # while we go on. One that is left goes at the end of the loop's turn.
        self._unsent += 1
        if self._unsent == _ANSWERS_A_WRITE:
            self._send()
        elif not self._flush_scheduled:
            self._flush_scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_scheduled = False
        self._send()

    def _send(self) -> None:
        self._unsent = 0
        if not self._transport.is_closing():
            self._write(self.connection.take())

    def _check_unread(self) -> None:
        if self._transport.get_write_buffer_size() > self._limits.write_buffer_bytes:
            self._transport.abort()
