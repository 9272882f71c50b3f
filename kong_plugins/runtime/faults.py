"""What a plugin's faults look like on stderr: the traceback once, then a count now and then, with the plugin's name."""

import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

REPEAT_S = 10.0
KINDS = 1000
_HERE = str(Path(__file__).parent)


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


class FaultLog:
    """Reports each kind of fault (plugin, phase, exception, line) in full once, and then how often it came again."""

    def __init__(self, write: Callable[[str], None] = _to_stderr, clock: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._clock = clock
        self._seen: dict[tuple[str, str, str, str], list[float]] = {}

    def report(self, plugin: str, phase: str, error: BaseException) -> None:
        """Write the fault, or count it where it was written already."""
        # A configuration that can't be used is told each time it is another one: the line it names is what helps.
        where = _summary(error) if phase == "start" else _place(error)
        key = (plugin, phase, type(error).__name__, where)
        now = self._clock()
        seen = self._seen.get(key)
        if seen is None:
            if len(self._seen) >= KINDS:
                self._seen.clear()
            self._seen[key] = [now, 0]
            text = "".join(traceback.format_exception(error)).rstrip()
            self._write(f"[{plugin}] {phase}: {_summary(error)}\n{text}")
            return
        seen[1] += 1
        if now - seen[0] >= REPEAT_S:
            self._write(f"[{plugin}] {phase}: {_summary(error)}: {int(seen[1])} more, traceback above")
            seen[0], seen[1] = now, 0

    def note(self, text: str) -> None:
        """Write a line that is no fault."""
        self._write(text)


def _summary(error: BaseException) -> str:
    first = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _place(error: BaseException) -> str:
    """Where it happened: the innermost line that is not the server's own, else the text."""
    frames = traceback.extract_tb(error.__traceback__)
    outside = [frame for frame in frames if _HERE not in frame.filename]
    return f"{outside[-1].filename}:{outside[-1].lineno}" if outside else _summary(error)
