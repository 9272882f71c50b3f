"""The sending half of a connection: frames on their way out, and DATA that waits for the peer's windows.

`parts` gathers the output of one read; nothing is joined or copied before it is taken. DATA beyond a window waits in
order on its stream (RFC 9113 section 5.2); the streams that wait take turns, one frame each. Always true between calls:
a stream waits only while its own window or the connection's is closed. So whoever finds both open need not ask others.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from ext_authz.wire import frames
from ext_authz.wire.errors import ErrorCode, PeerError, StreamError
from ext_authz.wire.limits import MAX_FRAME_BYTES

if TYPE_CHECKING:
    from ext_authz.wire.stream import Stream

_FIRST_WINDOW = 65_535  # section 6.9.2


class _Waiting:
    """What a stream still has to send: data, then perhaps trailers and its end."""

    __slots__ = ("data", "ends", "stream", "trailers")

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.data = bytearray()
        self.trailers: bytes | None = None
        self.ends = False


class Outbound:
    """Frames to send and the peer's windows."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.window = _FIRST_WINDOW
        self.initial_window = _FIRST_WINDOW
        self.max_frame_bytes = MAX_FRAME_BYTES
        self.stalled_s = 0.0
        """How long DATA has waited without any progress, counted in ticks."""
        self._waiting: dict[int, _Waiting] = {}

    def take(self) -> bytes:
        """The bytes to write now."""
        data = b"".join(self.parts)
        self.parts.clear()
        return data

    def headers(self, stream: Stream, block: bytes, *, end: bool) -> None:
        """Send a header block; one that we make always fits one frame."""
        flags = frames.END_HEADERS | frames.END_STREAM if end else frames.END_HEADERS
        self.parts.append(frames.frame(frames.HEADERS, flags, stream.id, block))

    def data(self, stream: Stream, data: bytes, *, end: bool = False) -> None:
        """Send DATA as far as the windows allow; the rest waits. With `end` its last frame ends the stream."""
        waiting = self._waiting.get(stream.id)
        if waiting is None:
            waiting = self._waiting[stream.id] = _Waiting(stream)
        waiting.data += data
        waiting.ends = end
        self._take_turns(deque((waiting,)))

    def trailers(self, stream: Stream, block: bytes) -> bool:
        """Send trailers behind the stream's data; False when that data still waits."""
        waiting = self._waiting.get(stream.id)
        if waiting is None:
            self.headers(stream, block, end=True)
            return True
        waiting.trailers = block
        return False

    def waiting_bytes(self) -> int:
        """All DATA that waits for windows."""
        return sum(len(waiting.data) for waiting in self._waiting.values())

    def forget(self, stream: Stream) -> None:
        """Drop what a stream that has been reset still had to send."""
        self._waiting.pop(stream.id, None)

    def tick(self, seconds: float) -> None:
        """Count how long nothing could be sent."""
        self.stalled_s = self.stalled_s + seconds if self._waiting else 0.0

    def grow_connection(self, increment: int) -> None:
        """WINDOW_UPDATE of the connection."""
        if self.window + increment > frames.MAX_WINDOW:
            raise PeerError(ErrorCode.FLOW_CONTROL_ERROR, "connection window above 2^31-1")
        was_closed = self.window <= 0
        self.window += increment
        if was_closed:
            self.resume()

    def grow_stream(self, stream: Stream, increment: int) -> None:
        """WINDOW_UPDATE of a stream."""
        if stream.send_window + increment > frames.MAX_WINDOW:
            raise StreamError(ErrorCode.FLOW_CONTROL_ERROR, "stream window above 2^31-1")
        stream.send_window += increment
        waiting = self._waiting.get(stream.id)
        if waiting is not None:
            self._take_turns(deque((waiting,)))

    def change_initial_window(self, size_bytes: int, streams: list[Stream]) -> None:
        """SETTINGS_INITIAL_WINDOW_SIZE changes open streams' windows too, below zero even (6.9.2); then `resume`."""
        change = size_bytes - self.initial_window
        self.initial_window = size_bytes
        for stream in streams:
            if stream.send_window + change > frames.MAX_WINDOW:
                raise PeerError(ErrorCode.FLOW_CONTROL_ERROR, "stream window above 2^31-1")
            stream.send_window += change

    def resume(self) -> None:
        """Send what the windows allow by now."""
        self._take_turns(deque(self._waiting.values()))

    def _take_turns(self, turns: deque[_Waiting]) -> None:
        while turns:
            waiting = turns.popleft()
            if self._waiting.get(waiting.stream.id) is not waiting:
                continue  # a call-back of an earlier turn has ended it
            if waiting.data and not self._send_frame(waiting):
                continue  # its own window is closed, or the connection's
            if waiting.data:
                turns.append(waiting)
            else:
                self._finish(waiting)

    def _send_frame(self, waiting: _Waiting) -> bool:
        stream = waiting.stream
        size = min(len(waiting.data), self.window, stream.send_window, self.max_frame_bytes)
        if size <= 0:
            return False
        flags = frames.END_STREAM if waiting.ends and size == len(waiting.data) else 0
        self.parts.append(frames.frame(frames.DATA, flags, stream.id, bytes(waiting.data[:size])))
        del waiting.data[:size]
        self.window -= size
        stream.send_window -= size
        self.stalled_s = 0.0
        return True

    def _finish(self, waiting: _Waiting) -> None:
        stream = waiting.stream
        del self._waiting[stream.id]
        if waiting.trailers is not None:
            self.headers(stream, waiting.trailers, end=True)
        if waiting.trailers is not None or waiting.ends:
            stream.connection.ended(stream)
