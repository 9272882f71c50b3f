"""What a supervisor and its worker say to each other: one JSON line each way, over a socket pair.

The supervisor asks, the worker answers on a thread of its own. The end of the connection is the other's death: a
worker whose supervisor is gone ends too.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

from gateline.values.errors import UnavailableError

_LOG = logging.getLogger(__name__)


class Asker:
    """The supervisor's end. One question at a time; a worker that once was too late is not asked again."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = connection.makefile("rb")
        self._lock = threading.Lock()

    def ask(self, what: str, within_s: float) -> Any:
        """The worker's answer; `UnavailableError` where there is none in time."""
        with self._lock:
            try:
                self._connection.settimeout(within_s)
                self._connection.sendall(json.dumps(what).encode() + b"\n")
                line = self._lines.readline()
                if line:
                    return json.loads(line)
            except OSError as error:
                raise UnavailableError("worker", str(error) or type(error).__name__) from error
        raise UnavailableError("worker", "has ended")

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self._connection.close()


def answer(connection: socket.socket, questions: dict[str, Callable[[], Any]], gone: Callable[[], None]) -> None:
    """Answer the supervisor on a thread of our own, until it hangs up; then call `gone`."""

    def run() -> None:
        with connection, connection.makefile("rb") as lines:
            try:
                for line in lines:
                    reply = questions[json.loads(line)]()
                    connection.sendall(json.dumps(reply).encode() + b"\n")
            except OSError as error:
                _LOG.warning("the supervisor hung up: %s", error)
        gone()

    threading.Thread(target=run, name="channel", daemon=True).start()
