"""The decision log: one line per decision, written in batches by a thread of its own.

The loop's thread only appends a line to a queue; the writer empties it. A reader that is too slow costs lines, which
are counted, never time: the queue is bounded, and so is a line. A write is whole lines of at most PIPE_BUF bytes, which
a pipe takes as one, so that the lines of several workers never mix.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Literal

MAX_WAITING = 50_000
INTERVAL_S = 0.05
PIPE_BUF_BYTES = 4096  # Linux's; POSIX has no less than 512
_LOG = logging.getLogger(__name__)

Level = Literal["all", "refused", "off"]
# Writes whole lines, and at once.
Write = Callable[[bytes], object]


class DecisionLog:
    """Takes lines on the loop's thread. `level` says which decisions are to be told; it may change with the policy."""

    __slots__ = ("_dropped", "_ended", "_thread", "_waiting", "_write", "level")

    def __init__(self, level: Level, write: Write) -> None:
        self.level: Level = level
        self._write = write
        self._waiting: deque[str] = deque()
        self._dropped = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="decision-log", daemon=True)

    def start(self) -> None:
        """Start the writer."""
        self._thread.start()

    def add(self, line: str) -> None:
        """Note a decision's line, which has no line break; costs no more than an append."""
        waiting = self._waiting
        if len(waiting) < MAX_WAITING:
            waiting.append(line)
        else:
            self._dropped += 1

    @property
    def dropped(self) -> int:
        """Lines that were lost because nobody read them."""
        return self._dropped

    def flush(self) -> None:
        """Write what waits."""
        waiting = self._waiting
        batch = [waiting.popleft() for _ in range(len(waiting))]
        try:
            for piece in _pieces(batch):
                self._write(piece)
        except (OSError, ValueError) as error:  # a closed pipe must not end the sidecar
            self._dropped += len(batch)
            _LOG.error("the decision log can't be written: %s", error)

    def close(self, within_s: float = 2.0) -> None:
        """Write what waits and end the writer; gives up on a reader that has stopped reading."""
        self._ended.set()
        self._thread.join(within_s)

    def _run(self) -> None:
        while not self._ended.wait(INTERVAL_S):
            self.flush()
        self.flush()


def _pieces(batch: list[str]) -> Iterator[bytes]:
    lines: list[bytes] = []
    piece_bytes = 0
    for line in batch:
        encoded = f"{line}\n".encode()
        piece_bytes += len(encoded)
        if piece_bytes > PIPE_BUF_BYTES and lines:
            yield b"".join(lines)
            lines.clear()
            piece_bytes = len(encoded)
        lines.append(encoded)
    if lines:
        yield b"".join(lines)
