"""The frames that carry a request: HEADERS, CONTINUATION and DATA (RFC 9113 sections 6.1, 6.2, 6.10 and 5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ext_authz.wire import frames
from ext_authz.wire.errors import ErrorCode, PeerError, StreamError
from ext_authz.wire.frames import END_HEADERS, END_STREAM, PADDED, PRIORITY_FLAG
from ext_authz.wire.limits import CONNECTION_WINDOW_BYTES, STREAM_WINDOW_BYTES

if TYPE_CHECKING:
    from ext_authz.wire.connection import Connection
    from ext_authz.wire.stream import Stream

_PADDED_OR_PRIORITY = PADDED | PRIORITY_FLAG


def on_headers(connection: Connection, flags: int, stream_id: int, payload: bytes) -> None:
    """HEADERS; priorities are ignored (section 5.3.2)."""
    if flags & _PADDED_OR_PRIORITY:
        payload = _unpad(flags, payload)
        if flags & PRIORITY_FLAG:
            if len(payload) < 5:
                raise PeerError(ErrorCode.FRAME_SIZE_ERROR, "HEADERS too short for its priority")
            payload = payload[5:]
    if flags & END_HEADERS:
        _header_block(connection, flags, stream_id, payload)
    else:
        connection.expect_continuation(flags, stream_id, payload)


def on_continuation(connection: Connection, flags: int, stream_id: int, payload: bytes) -> None:
    """CONTINUATION, within bounds of number and size: the block is decoded only when it is whole."""
    block = connection.block
    if block is None or stream_id != connection.block_head[1]:
        raise PeerError(ErrorCode.PROTOCOL_ERROR, "CONTINUATION without its HEADERS")
    connection.continuations += 1
    block += payload
    limits = connection.limits
    if connection.continuations > limits.continuations or len(block) > 4 * limits.header_list_bytes:
        raise PeerError(ErrorCode.ENHANCE_YOUR_CALM, "header block too long")
    if flags & END_HEADERS:
        connection.expect_any_frame()
        _header_block(connection, connection.block_head[0], stream_id, bytes(block))


def _header_block(connection: Connection, flags: int, stream_id: int, block: bytes) -> None:
    last = connection.last_stream_id
    if stream_id <= last or not stream_id & 1:
        _late_headers(connection, flags, stream_id, block)
        return
    if stream_id != last + 2:
        connection.skipped = (last, stream_id)
    connection.last_stream_id = stream_id
    streams = connection.streams
    if len(streams) >= connection.most_streams:
        connection.reader.skip(block)
        raise StreamError(ErrorCode.REFUSED_STREAM, "too many streams, or going away")
    make = connection.reader.request(block).make
    if connection.reader.table_is_harmful:
        connection.check_table()
    streams[stream_id] = stream = make(connection, stream_id)
    if flags & END_STREAM:
        _end(stream, b"")


def _late_headers(connection: Connection, flags: int, stream_id: int, block: bytes) -> None:
    """A header block on a stream that is not new: trailers, or an error (section 5.1)."""
    stream = connection.streams.get(stream_id)
    if stream is not None and not stream.remote_ended:
        connection.reader.trailers(block)
        if not flags & END_STREAM:
            raise StreamError(ErrorCode.PROTOCOL_ERROR, "trailers that end nothing")  # section 8.1
        _end(stream, b"")
        return
    connection.reader.skip(block)
    if stream is not None:
        raise StreamError(ErrorCode.STREAM_CLOSED, "HEADERS after END_STREAM")
    if stream_id in connection.reset_ids:
        return
    if not stream_id & 1 or connection.skipped[0] < stream_id < connection.skipped[1]:
        raise PeerError(ErrorCode.PROTOCOL_ERROR, "HEADERS on a stream that cannot be opened")  # section 5.1.1
    raise PeerError(ErrorCode.STREAM_CLOSED, "HEADERS on a closed stream")


def on_data(connection: Connection, flags: int, stream_id: int, payload: bytes) -> None:
    """DATA; padding and what nobody reads count for flow control too (section 6.9.1).

    A window is refilled as soon as half of it is used, and a frame is far smaller than that half. So no peer can be
    caught beyond a window; what it makes us hold is bounded by `Limits.buffered_bytes`.
    """
    size = len(payload)
    connection.window -= size
    if connection.window < CONNECTION_WINDOW_BYTES // 2:
        connection.out.parts.append(frames.window_update(0, CONNECTION_WINDOW_BYTES - connection.window))
        connection.window = CONNECTION_WINDOW_BYTES
    stream = connection.streams.get(stream_id)
    if stream is None or stream.remote_ended:
        _data_after_end(connection, stream_id, stream)
        return
    if flags & PADDED:
        payload = _unpad(flags, payload)
    if not flags & END_STREAM:
        _part(connection, stream, payload, size)
    else:
        _end(stream, payload)


def _part(connection: Connection, stream: Stream, payload: bytes, size_bytes: int) -> None:
    """DATA that does not end its stream."""
    if not payload:
        connection.spend_control()
    stream.unread_bytes += size_bytes
    if stream.unread_bytes > STREAM_WINDOW_BYTES // 2:
        connection.out.parts.append(frames.window_update(stream.id, stream.unread_bytes))
        stream.unread_bytes = 0
    length = stream.head.content_length
    if length is not None:
        stream.body_bytes += len(payload)
        if stream.body_bytes > length:
            raise StreamError(ErrorCode.PROTOCOL_ERROR, "more than content-length")
    stream.received(payload, False)


def _end(stream: Stream, payload: bytes) -> None:
    """The peer's side of the stream ends with this payload."""
    stream.remote_ended = True
    length = stream.head.content_length
    if length is not None and stream.body_bytes + len(payload) != length:
        raise StreamError(ErrorCode.PROTOCOL_ERROR, "not content-length")  # section 8.1.1
    stream.received(payload, True)


def _data_after_end(connection: Connection, stream_id: int, stream: Stream | None) -> None:
    if stream is not None:
        raise StreamError(ErrorCode.STREAM_CLOSED, "DATA after END_STREAM")
    if not stream_id & 1 or stream_id > connection.last_stream_id:
        raise PeerError(ErrorCode.PROTOCOL_ERROR, "DATA on a stream that is not open")
    if stream_id not in connection.reset_ids:
        raise PeerError(ErrorCode.STREAM_CLOSED, "DATA on a closed stream")


def _unpad(flags: int, payload: bytes) -> bytes:
    """The payload without its padding (section 6.1)."""
    if not flags & PADDED:
        return payload
    if not payload:
        raise PeerError(ErrorCode.FRAME_SIZE_ERROR, "padded frame without a pad length")
    padding = payload[0]
    if padding >= len(payload):
        raise PeerError(ErrorCode.PROTOCOL_ERROR, "padding longer than the frame")
    return payload[1 : len(payload) - padding]
