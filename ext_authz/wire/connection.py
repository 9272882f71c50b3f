"""The server side of one HTTP/2 connection without a socket (RFC 9113): `receive` takes bytes and returns bytes.

All frames of one read are handled before `receive` returns, and what they cause is returned as one string. What the
peer sends reaches its `Stream` by method calls within `receive`. A stream that answers later, outside of `receive`,
makes the connection call `wake`, so that its owner comes for the output with `take`. Time passes only by `tick`.

States are tables: `_on` maps a frame's type to its method; while a header block is open, or before the first SETTINGS,
another table stands there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from ext_authz.wire import frames
from ext_authz.wire.allowance import Allowance
from ext_authz.wire.dispatch import ANY_FRAME, FIRST_FRAME, ONLY_CONTINUATION
from ext_authz.wire.errors import ErrorCode, PeerError, StreamError
from ext_authz.wire.header_reader import HeaderReader
from ext_authz.wire.limits import CONNECTION_WINDOW_BYTES, MAX_FRAME_BYTES, STREAM_WINDOW_BYTES, Limits
from ext_authz.wire.outbound import Outbound
from ext_authz.wire.responses import PREFIX_BYTES
from ext_authz.wire.stream import Accept, Resolve, Stream
from ext_authz.wire.whole_call import take_whole_call

_FIRST_WINDOW = 65_535
_LONGEST = MAX_FRAME_BYTES << 8 | 255  # the word of length and type
_WORK_PER_CONTROL_FRAME = 4  # how many control frames an answered call earns


def _nothing() -> None:
    pass


class Connection:
    """One connection. `closed` tells its owner to write what `take` still gives and to hang up."""

    def __init__(self, resolve: Resolve, limits: Limits, wake: Callable[[], None] = _nothing) -> None:
        self.limits = limits
        self.out = Outbound()
        self.reader: HeaderReader[Accept] = HeaderReader(resolve, limits.header_list_bytes)
        self.streams: dict[int, Stream] = {}
        self.last_stream_id = 0
        self.closed = False
        self.most_streams = limits.concurrent_streams
        """0 once `refusing`."""
        self.whole_bytes = min(limits.message_bytes, MAX_FRAME_BYTES - PREFIX_BYTES)
        """The longest message that one frame holds and that we take."""
        self.refusing = False
        """A GOAWAY that names the last stream has been sent."""
        self.work = 0
        """Answers and streamed messages; they earn allowances."""
        self.held_bytes = 0
        """Incomplete messages of all streams."""
        self.control = Allowance(limits.control_burst)
        self.resets = Allowance(limits.reset_burst)
        self.wake = wake
        self.incomplete_s = 0.0
        self.idle_s = 0.0
        self.work_at_tick = 0
        self.block: bytearray | None = None
        self.block_head = (0, 0)  # flags and stream
        self.continuations = 0
        self._unacknowledged: deque[int | None] = deque()  # the table size that each of our SETTINGS announced
        self._table_refused = False
        self._receiving = False
        self._partial = b""
        self.unhandled_bytes = 0
        """What the last `receive` left because of its parts; another one, of nothing even, goes on with it."""
        self._preface = frames.PREFACE
        self.window = CONNECTION_WINDOW_BYTES
        """What the peer may still send."""
        self.skipped = (0, 0)
        """The last stream ids between which the peer left out some."""
        self.reset_ids: dict[int, None] = {}
        self._on = FIRST_FRAME
        self._greet()

    def _greet(self) -> None:
        values = (
            (frames.MAX_CONCURRENT_STREAMS, self.limits.concurrent_streams),
            (frames.INITIAL_WINDOW_SIZE, STREAM_WINDOW_BYTES),
            (frames.MAX_HEADER_LIST_SIZE, self.limits.header_list_bytes),
        )
        self._send_settings(values, None)
        self.out.parts.append(frames.window_update(0, CONNECTION_WINDOW_BYTES - _FIRST_WINDOW))

    def _send_settings(self, values: Iterable[tuple[int, int]], table_bytes: int | None) -> None:
        self.out.parts.append(frames.settings(values))
        self._unacknowledged.append(table_bytes)

    # What the owner calls.

    def receive(self, data: bytes, part_bytes: int = 0) -> bytes:
        """Handle the bytes of one read; returns the bytes to write. It raises nothing.

        Of more than two parts, only what begins in the first is handled, calls or frames; `unhandled_bytes` are left.
        """
        if self.closed:
            return b""
        self._receiving = True
        try:
            self._read(data, part_bytes)
        except PeerError as error:
            self.abort(error.code, error.why)
        finally:
            self._receiving = False
        return self.out.take()

    def take(self) -> bytes:
        """The bytes to write since the last time."""
        return self.out.take()

    def lost(self) -> None:
        """The peer is gone: every call is cancelled."""
        self.closed = True
        self.unhandled_bytes = 0
        streams = list(self.streams.values())
        self.streams.clear()
        for stream in streams:
            stream.ended = True  # all of them first: one's callback may answer another
        for stream in streams:
            stream.cancelled()

    def abort(self, code: ErrorCode, why: str) -> None:
        """End the connection with GOAWAY; every call is cancelled."""
        if not self.closed:
            self.out.parts.append(frames.goaway(self.last_stream_id, code, why))
            self.lost()
            self.flush()

    @property
    def is_incomplete(self) -> bool:
        """Whether the peer owes us the rest of something: preface, first SETTINGS, header block or frame."""
        return bool(self._partial or self.block is not None or self._on is FIRST_FRAME)

    # What streams call.

    def flush(self) -> None:
        """Something was sent: make sure that it is written, in this read's answer or by waking the owner."""
        if not self._receiving:
            self.wake()

    def ended(self, stream: Stream) -> None:
        """Our side of the stream has ended; if the peer's has not, tell it to send no more (section 8.1)."""
        stream.ended = True
        self.work += 1
        del self.streams[stream.id]
        if not stream.remote_ended:
            self.out.parts.append(frames.rst_stream(stream.id, ErrorCode.NO_ERROR))
            self._remember(stream.id)
        if self.refusing and not self.streams:
            self.closed = True
        if not self._receiving:
            self.wake()

    def reset(self, stream_id: int, code: ErrorCode) -> None:
        """Reset a stream for a fault of the peer."""
        stream = self.streams.pop(stream_id, None)
        self.out.parts.append(frames.rst_stream(stream_id, code))
        self._remember(stream_id)
        if stream is not None:
            self.cancel(stream)
        # A peer that provokes resets gains what it would gain by resetting.
        self.count_reset()
        self.flush()

    def cancel(self, stream: Stream) -> None:
        """Tell a stream, which is no longer among `streams`, that it was reset."""
        stream.ended = True
        self.out.forget(stream)
        stream.cancelled()
        if self.refusing and not self.streams:
            self.closed = True

    # Bounds.

    def spend_control(self, cost: float = 1) -> None:
        """Account for a frame that does no work by itself."""
        if not self.control.spend(self.work * _WORK_PER_CONTROL_FRAME, cost):
            raise PeerError(ErrorCode.ENHANCE_YOUR_CALM, "too many control frames")

    def count_reset(self) -> None:
        """Account for a stream that ended without an answer."""
        if not self.resets.spend(self.work):
            raise PeerError(ErrorCode.ENHANCE_YOUR_CALM, "too many streams reset")

    def _remember(self, stream_id: int) -> None:
        # What is under way for a stream that we reset is ignored (section 5.4.2), for as many as could be open.
        ids = self.reset_ids
        ids[stream_id] = None
        if len(ids) > self.limits.concurrent_streams:
            del ids[next(iter(ids))]

    # What the frames' functions call.

    def expect_any_frame(self) -> None:
        """The first SETTINGS have come, or a header block is whole."""
        self.block = None
        self._on = ANY_FRAME

    def settings_acknowledged(self) -> None:
        """The oldest of our SETTINGS are in force at the peer (section 6.5.3)."""
        table_bytes = self._unacknowledged.popleft() if self._unacknowledged else None
        if table_bytes is not None:
            self.reader.limit_table(table_bytes)

    def check_table(self) -> None:
        """Do without the peer's dynamic table if it is harmful; see header_reader."""
        if self.reader.table_is_harmful and not self._table_refused:
            self._table_refused = True
            self._send_settings([(frames.HEADER_TABLE_SIZE, 0)], 0)

    def expect_continuation(self, flags: int, stream_id: int, begun: bytes) -> None:
        """A header block has begun: nothing else may come until it is whole (section 6.10)."""
        self.block = bytearray(begun)
        self.block_head = (flags, stream_id)
        self.continuations = 0
        self.incomplete_s = 0.0
        self._on = ONLY_CONTINUATION

    # Reading.

    def _read(self, data: bytes, part_bytes: int) -> None:
        if self._partial:
            data = self._partial + data
        at = self._match_preface(data) if self._preface else 0
        size = len(data)
        started = at
        last = size - frames.HEAD_BYTES
        self.unhandled_bytes = 0
        if 0 < 2 * part_bytes < size:
            last = min(last, part_bytes - 1)
        while at <= last:
            word, flags, stream_id = frames.unpack_head(data, at)
            if word > _LONGEST:
                raise PeerError(ErrorCode.FRAME_SIZE_ERROR, "frame longer than SETTINGS_MAX_FRAME_SIZE")
            start = at + 9
            stop = start + (word >> 8)
            if stop > size:
                break
            at = stop
            stream_id &= 0x7FFFFFFF  # the reserved bit is ignored (section 4.1)
            try:
                if flags == frames.END_HEADERS and word & 255 == frames.HEADERS and self._on is ANY_FRAME:
                    end = take_whole_call(self, stream_id, data, start, stop)
                    if end:
                        at = end
                        continue
                self._on[word & 255](self, flags, stream_id, data[start:stop])
            except StreamError as error:
                self.reset(stream_id, error.code)
            if self.closed:
                return
        if at > started and self.block is None:
            self.incomplete_s = 0.0
        self._partial = data[at:]
        if last < at <= size - frames.HEAD_BYTES:
            self.unhandled_bytes = size - at

    def _match_preface(self, data: bytes) -> int:
        """Check the bytes against what is left of the preface (section 3.4)."""
        size = min(len(data), len(self._preface))
        if data[:size] != self._preface[:size]:
            raise PeerError(ErrorCode.PROTOCOL_ERROR, "no HTTP/2 preface")
        self._preface = self._preface[size:]
        return size
