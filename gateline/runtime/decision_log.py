"""The decision log: one line per decision, formatted and written in batches by a thread of its own.

The loop's thread only appends a tuple to a queue; the writer empties, formats and writes it. A reader that is too slow
costs lines, which are counted, never time: the queue is bounded. A write is whole lines of at most PIPE_BUF bytes,
which a pipe takes as one, so that the lines of several workers never mix.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from gateline.runtime.outcome import Outcome

MAX_WAITING = 50_000
INTERVAL_S = 0.05
PIPE_BUF_BYTES = 4096  # Linux's; POSIX has no less than 512
_LOG = logging.getLogger(__name__)

Level = Literal["all", "refused", "off"]


@dataclass(slots=True)
class Entry:
    """What one line says. Never a header's value, never a query."""

    now_unix_s: float
    took_s: float
    request_id: str
    method: str
    path: str
    client: str
    route: str
    step: str
    outcome: Outcome
    why: str
    user_id: str
    credential_id: str
    revision: str
    would: Outcome | None


Format = Callable[[Entry], str]
# Writes whole lines, and at once.
Write = Callable[[bytes], object]


class DecisionLog:
    """Takes entries on the loop's thread. `level` may change with the policy."""

    __slots__ = ("_dropped", "_ended", "_format", "_thread", "_waiting", "_write", "level")

    def __init__(self, level: Level, form: Format, write: Write) -> None:
        self.level: Level = level
        self._format = form
        self._write = write
        self._waiting: deque[Entry] = deque()
        self._dropped = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="decision-log", daemon=True)

    def start(self) -> None:
        """Start the writer."""
        self._thread.start()

    def form(self, form: Format) -> None:
        """Write lines in another form from now on."""
        self._format = form

    def add(self, entry: Entry) -> None:
        """Note a decision; costs no more than an append."""
        waiting = self._waiting
        if len(waiting) < MAX_WAITING:
            waiting.append(entry)
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
            for piece in self._pieces(batch):
                self._write(piece)
        except (OSError, ValueError) as error:  # a closed pipe must not end the sidecar
            self._dropped += len(batch)
            _LOG.error("the decision log can't be written: %s", error)

    def _pieces(self, batch: list[Entry]) -> Iterator[bytes]:
        piece = b""
        for entry in batch:
            line = self._format(entry).encode() + b"\n"
            if piece and len(piece) + len(line) > PIPE_BUF_BYTES:
                yield piece
                piece = b""
            piece += line
        if piece:
            yield piece

    def close(self, within_s: float = 2.0) -> None:
        """Write what waits and end the writer; gives up on a reader that has stopped reading."""
        self._ended.set()
        self._thread.join(within_s)

    def _run(self) -> None:
        while not self._ended.wait(INTERVAL_S):
            self.flush()
        self.flush()
