"""The asyncio protocol around one connection: it moves bytes, and bounds what a slow reader leaves unread."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from ext_authz.wire import lifetime
from ext_authz.wire.connection import Connection
from ext_authz.wire.errors import ErrorCode

if TYPE_CHECKING:
    from ext_authz.wire.limits import Limits
    from ext_authz.wire.services import Services

_HIGH_WATER_BYTES = 256 * 1024
# A dozen calls. A proxy goes on with the answers of the first half while we work on the others.
_LONG_BYTES = 16_384
_AHEAD_BYTES = 8192


class Shell(asyncio.Protocol):
    """One socket. While the peer does not read its answers, we read none of its requests."""

    def __init__(self, services: Services, limits: Limits, open_shells: set[Shell]) -> None:
        self.connection = Connection(services.resolve, limits, self._wake)
        self._limits = limits
        self._open_shells = open_shells
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._descriptor: int | None = None
        self._flush_scheduled = False
        self._paused = False
        self._paused_s = 0.0

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
        self._descriptor = transport.get_extra_info("socket").fileno() if tls is None else None
        self._transport.write(self.connection.take())

    def data_received(self, data: bytes) -> None:
        """Handle all frames of one read, then write once; of a long read, the first answers go ahead."""
        connection = self.connection
        if len(data) > _LONG_BYTES and self._descriptor is not None:
            self._write_ahead(connection.receive(data[:_AHEAD_BYTES]))
            data = data[_AHEAD_BYTES:]
        output = connection.receive(data)
        if output:
            self._transport.write(output)
        if connection.closed:
            self._transport.close()
        elif self._paused:
            self._check_unread()

    def _write_ahead(self, output: bytes) -> None:
        """Write at once. A transport writes at the end of the loop's turn, which is when all of the read is handled."""
        if self._descriptor is not None and not self._transport.get_write_buffer_size():
            with suppress(OSError):  # the socket is full, or broken: the transport will see
                output = output[os.write(self._descriptor, output) :]
        if output:
            self._transport.write(output)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Cancel what the peer no longer waits for."""
        self._open_shells.discard(self)
        self.connection.lost()

    def pause_writing(self) -> None:
        """The peer reads too slowly: take no more requests."""
        self._paused = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The peer has caught up."""
        self._paused = False
        self._paused_s = 0.0
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
        # All answers of one turn of the loop go out with one write.
        if not self._flush_scheduled:
            self._flush_scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_scheduled = False
        if self._transport.is_closing():
            return
        output = self.connection.take()
        if output:
            self._transport.write(output)
        if self.connection.closed:
            self._transport.close()
        elif self._paused:
            self._check_unread()

    def _check_unread(self) -> None:
        if self._transport.get_write_buffer_size() > self._limits.write_buffer_bytes:
            self._transport.abort()
