"""What time does to a connection: draining, and the limits that pass by `tick`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ext_authz.wire import frames
from ext_authz.wire.errors import ErrorCode, PeerError

if TYPE_CHECKING:
    from ext_authz.wire.connection import Connection

DRAIN_PING = b"draining"
_DEADLINE_GRACE_S = 1.0  # a peer ends its call itself at its deadline; we only clear away what it left


def drain(connection: Connection) -> None:
    """Ask the peer to open no more streams; those that are under way are still served (section 6.8).

    The first GOAWAY names no stream. Once the peer has answered the PING behind it, all that it sent before it knew has
    arrived, and the second GOAWAY names the last stream.
    """
    if connection.closed or connection.refusing:
        return
    connection.out.parts.append(frames.goaway(frames.MAX_WINDOW, ErrorCode.NO_ERROR))
    connection.out.parts.append(frames.frame(frames.PING, 0, 0, DRAIN_PING))
    connection.flush()


def refuse_new_streams(connection: Connection) -> None:
    """The second half of `drain`."""
    if connection.closed or connection.refusing:
        return
    connection.refusing = True
    connection.most_streams = 0
    connection.out.parts.append(frames.goaway(connection.last_stream_id, ErrorCode.NO_ERROR))
    if not connection.streams:
        connection.closed = True
    connection.flush()


def tick(connection: Connection, seconds: float) -> None:
    """Let `seconds` pass: allowances grow, what waits too long ends."""
    if connection.closed:
        return
    limits = connection.limits
    connection.control.refill(limits.refill_per_s * seconds)
    connection.resets.refill(limits.refill_per_s * seconds)
    try:
        _age_streams(connection, seconds)
    except PeerError as error:
        connection.abort(error.code, error.why)
    connection.out.tick(seconds)
    if connection.out.stalled_s > limits.write_stall_s:
        connection.abort(ErrorCode.ENHANCE_YOUR_CALM, "the windows stay closed")
    if connection.is_incomplete:
        connection.incomplete_s += seconds
        if connection.incomplete_s > limits.header_timeout_s:
            connection.abort(ErrorCode.ENHANCE_YOUR_CALM, "a preface, header block or frame stays incomplete")
    busy = connection.streams or connection.work != connection.work_at_tick
    connection.work_at_tick = connection.work
    connection.idle_s = 0.0 if busy else connection.idle_s + seconds
    if connection.idle_s > limits.idle_timeout_s:
        refuse_new_streams(connection)


def _age_streams(connection: Connection, seconds: float) -> None:
    for stream in list(connection.streams.values()):
        stream.age_s += seconds
        deadline_s = stream.head.timeout_s
        late = deadline_s is not None and stream.age_s > deadline_s + _DEADLINE_GRACE_S
        slow = not stream.message_done and stream.age_s > connection.limits.request_timeout_s
        if (late or slow) and not stream.ended:
            stream.expired()
