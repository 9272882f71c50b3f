"""Which function takes a frame of which type, in each state of a connection; a place for each of the 256 types."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ext_authz.wire import control_frames, frames, request_frames

if TYPE_CHECKING:
    from ext_authz.wire.connection import Connection

OnFrame = Callable[["Connection", int, int, bytes], None]
"""Takes the connection, the frame's flags, stream and payload."""


def _table(known: dict[int, OnFrame], others: OnFrame) -> tuple[OnFrame, ...]:
    return tuple(known.get(kind, others) for kind in range(256))


ANY_FRAME = _table(
    {
        frames.DATA: request_frames.on_data,
        frames.HEADERS: request_frames.on_headers,
        frames.PRIORITY: control_frames.on_priority,
        frames.RST_STREAM: control_frames.on_rst_stream,
        frames.SETTINGS: control_frames.on_settings,
        frames.PUSH_PROMISE: control_frames.on_push_promise,
        frames.PING: control_frames.on_ping,
        frames.GOAWAY: control_frames.on_goaway,
        frames.WINDOW_UPDATE: control_frames.on_window_update,
        frames.CONTINUATION: request_frames.on_continuation,
    },
    control_frames.on_unknown,
)
FIRST_FRAME = _table({frames.SETTINGS: control_frames.on_first_settings}, control_frames.not_first)
ONLY_CONTINUATION = _table({frames.CONTINUATION: request_frames.on_continuation}, control_frames.not_continuation)
