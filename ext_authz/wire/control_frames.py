"""The frames that carry no request (RFC 9113 sections 6.3 to 6.9); each one costs its sender some allowance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ext_authz.wire import frames, lifetime
from ext_authz.wire.errors import ErrorCode, PeerError, StreamError

if TYPE_CHECKING:
    from ext_authz.wire.connection import Connection


def on_priority(connection: Connection, _flags: int, stream_id: int, payload: bytes) -> None:
    """PRIORITY is deprecated: checked for its form, then ignored (section 6.3)."""
    connection.spend_control()
    if not stream_id:
        raise PeerError(ErrorCode.PROTOCOL_ERROR, "PRIORITY on stream 0")
    if len(payload) != 5:
        raise StreamError(ErrorCode.FRAME_SIZE_ERROR, "PRIORITY of a wrong length")


def on_rst_stream(connection: Connection, _flags: int, stream_id: int, payload: bytes) -> None:
    """RST_STREAM: the call is cancelled (section 6.4)."""
    if len(payload) != 4:
        raise PeerError(ErrorCode.FRAME_SIZE_ERROR, "RST_STREAM of a wrong length")
    _not_idle(connection, stream_id, "RST_STREAM")
    stream = connection.streams.pop(stream_id, None)
    if stream is None:
        connection.spend_control()
        return
    connection.cancel(stream)
    connection.count_reset()


def on_settings(connection: Connection, flags: int, stream_id: int, payload: bytes) -> None:
    """SETTINGS are applied in order and acknowledged (section 6.5)."""
    connection.spend_control(1 + len(payload) / 60)
    if stream_id:
        raise PeerError(ErrorCode.PROTOCOL_ERROR, "SETTINGS on a stream")
    if len(payload) % 6 or (flags & frames.ACK and payload):
        raise PeerError(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS of a wrong length")
    if flags & frames.ACK:
        connection.settings_acknowledged()
        return
    for identifier, value in frames.read_settings(payload):
        _apply_setting(connection, identifier, value)
    connection.out.parts.append(frames.frame(frames.SETTINGS, frames.ACK, 0))
    connection.out.resume()  # what a larger window lets go comes behind the acknowledgement


def on_first_settings(connection: Connection, flags: int, stream_id: int, payload: bytes) -> None:
    """The SETTINGS that belong to the preface (section 3.4)."""
    if flags & frames.ACK:
        not_first(connection, flags, stream_id, payload)
    connection.expect_any_frame()
    on_settings(connection, flags, stream_id, payload)


def not_first(_connection: Connection, _flags: int, _stream_id: int, _payload: bytes) -> None:
    """Any other first frame."""
    raise PeerError(ErrorCode.PROTOCOL_ERROR, "the first frame is not SETTINGS")


def not_continuation(_connection: Connection, _flags: int, _stream_id: int, _payload: bytes) -> None:
    """Any other frame within a header block (section 6.10)."""
    raise PeerError(ErrorCode.PROTOCOL_ERROR, "a frame within a header block")


def _apply_setting(connection: Connection, identifier: int, value: int) -> None:
    if identifier == frames.INITIAL_WINDOW_SIZE:
        if value > frames.MAX_WINDOW:
            raise PeerError(ErrorCode.FLOW_CONTROL_ERROR, "SETTINGS_INITIAL_WINDOW_SIZE above 2^31-1")
        connection.out.change_initial_window(value, list(connection.streams.values()))
    elif identifier == frames.MAX_FRAME_SIZE:
        if not 1 << 14 <= value < 1 << 24:
            raise PeerError(ErrorCode.PROTOCOL_ERROR, "SETTINGS_MAX_FRAME_SIZE out of range")
        connection.out.max_frame_bytes = value
    elif identifier == frames.ENABLE_PUSH and value > 1:
        raise PeerError(ErrorCode.PROTOCOL_ERROR, "SETTINGS_ENABLE_PUSH is neither 0 nor 1")


def on_push_promise(_connection: Connection, _flags: int, _stream_id: int, _payload: bytes) -> None:
    """A client cannot push (section 8.4)."""
    raise PeerError(ErrorCode.PROTOCOL_ERROR, "PUSH_PROMISE from a client")


def on_ping(connection: Connection, flags: int, stream_id: int, payload: bytes) -> None:
    """PING is sent back (section 6.7)."""
    connection.spend_control()
    if stream_id:
        raise PeerError(ErrorCode.PROTOCOL_ERROR, "PING on a stream")
    if len(payload) != 8:
        raise PeerError(ErrorCode.FRAME_SIZE_ERROR, "PING of a wrong length")
    if not flags & frames.ACK:
        connection.out.parts.append(frames.frame(frames.PING, frames.ACK, 0, payload))
    elif payload == lifetime.DRAIN_PING:
        lifetime.refuse_new_streams(connection)


def on_goaway(connection: Connection, _flags: int, stream_id: int, payload: bytes) -> None:
    """GOAWAY: the peer opens no stream more; it hangs up when it has its answers (section 6.8)."""
    connection.spend_control()
    if stream_id:
        raise PeerError(ErrorCode.PROTOCOL_ERROR, "GOAWAY on a stream")
    if len(payload) < 8:
        raise PeerError(ErrorCode.FRAME_SIZE_ERROR, "GOAWAY of a wrong length")


def on_window_update(connection: Connection, _flags: int, stream_id: int, payload: bytes) -> None:
    """WINDOW_UPDATE lets waiting answers go (section 6.9)."""
    connection.spend_control()
    if len(payload) != 4:
        raise PeerError(ErrorCode.FRAME_SIZE_ERROR, "WINDOW_UPDATE of a wrong length")
    increment = frames.u32(payload) & frames.MAX_WINDOW
    if not stream_id:
        if not increment:
            raise PeerError(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE by 0")
        connection.out.grow_connection(increment)
        return
    _not_idle(connection, stream_id, "WINDOW_UPDATE")
    if not increment:
        raise StreamError(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE by 0")
    stream = connection.streams.get(stream_id)
    if stream is not None:
        connection.out.grow_stream(stream, increment)


def on_unknown(connection: Connection, _flags: int, _stream_id: int, _payload: bytes) -> None:
    """A frame of a type that we do not know is ignored (section 4.1)."""
    connection.spend_control()


def _not_idle(connection: Connection, stream_id: int, what: str) -> None:
    if not stream_id & 1 or stream_id > connection.last_stream_id:
        raise PeerError(ErrorCode.PROTOCOL_ERROR, f"{what} on an idle stream")  # section 5.1
