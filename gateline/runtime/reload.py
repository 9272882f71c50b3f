"""Reloads the policy on SIGHUP or when a file of it changes. A bad one is refused, and the old one stays.

A thread of its own looks at the files, loads and builds: the loop only takes the finished snapshot. So that a long
build holds the interpreter for no longer than a moment at a time, `gateline serve` shortens its switch interval.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from gateline.runtime.policy_file import Signature
from gateline.values.errors import ConfigError

INTERVAL_S = 0.25
_LOG = logging.getLogger(__name__)


class Watched(Protocol):
    """Files that may change."""

    def signature(self) -> Signature:
        """What the files look like now."""


class Reloader:
    """Calls `apply` when there is reason to. `apply` returns the new revision, or raises `ConfigError`."""

    def __init__(self, files: Watched, apply: Callable[[], str]) -> None:
        self._files = files
        self._apply = apply
        self._asked = threading.Event()
        self._ended = False
        self._taken = 0
        self._refused = 0
        self._seen = files.signature()
        self._thread = threading.Thread(target=self._run, name="reload", daemon=True)
        self.last_error = ""

    def start(self) -> None:
        """Start to watch."""
        self._thread.start()

    def ask(self) -> None:
        """Reload now (SIGHUP); returns at once."""
        self._asked.set()

    def close(self) -> None:
        """Stop to watch."""
        self._ended = True
        self._asked.set()

    @property
    def counts(self) -> tuple[int, int]:
        """How many changes were taken and how many were refused."""
        return self._taken, self._refused

    def _run(self) -> None:
        unsettled: Signature | None = None
        while True:
            asked = self._asked.wait(INTERVAL_S)
            self._asked.clear()
            if self._ended:
                return
            now = self._files.signature()
            if asked:
                self.reload()
            elif now == self._seen:
                unsettled = None
            elif now == unsettled:  # the same twice: nobody is in the middle of writing
                self.reload()
            else:
                unsettled = now

    def reload(self) -> None:
        """Load and apply; on this thread."""
        before = self._files.signature()
        try:
            revision = self._apply()
        except ConfigError as error:
            self._refused += 1
            self.last_error = str(error)
            _LOG.error("policy refused, the old one stays:\n%s", error)
        except Exception:  # noqa: BLE001  # a bug in a policy's part must not end the watch
            self._refused += 1
            self.last_error = "internal error; see the log"
            _LOG.exception("policy refused, the old one stays")
        else:
            self._taken += 1
            self.last_error = ""
            _LOG.info("policy %s is in force", revision)
        # Files that the new policy names are watched from now on; what changed meanwhile is a change.
        self._seen = {**self._files.signature(), **before}
