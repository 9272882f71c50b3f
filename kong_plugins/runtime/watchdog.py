"""Ends plugin code that holds the processor past its event's deadline: an endless loop, a sleep, a blocking read.

While such code runs, the event loop cannot look at its timers. A thread looks instead, and has a signal raise an
exception in the plugin. Nothing helps against C code that never returns; there Kong's own timeout ends the request.
"""

import signal
import threading
from time import monotonic
from types import FrameType

from kong_plugins.runtime.event import DeadlineError
from kong_plugins.runtime.strand import Turn

SIGNAL = signal.SIGUSR2
SLOWEST_LOOK_S = 0.25


class Watchdog:
    """Looks a few times per deadline at whose turn it is."""

    def __init__(self, turn: Turn, deadline_s: float) -> None:
        self._turn = turn
        self._every_s = max(0.005, min(SLOWEST_LOOK_S, deadline_s / 4))
        self._suspect = -1
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin; only on the loop's thread, which must be the main one."""
        signal.signal(SIGNAL, self._on_signal)
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()

    def _watch(self) -> None:
        last = -1
        while not self._stopped.wait(self._every_s):
            count, event = self._turn.count, self._turn.running
            if event is not None and count == last and monotonic() > event.deadline_s:
                self._suspect = count
                signal.pthread_kill(self._turn.thread_id, SIGNAL)
            last = count

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        event = self._turn.running
        if event is not None and self._turn.count == self._suspect:
            raise DeadlineError(f"no end after {event.deadlines.allowed_s * 1000:.0f} ms on the processor")
