"""What a supervisor and its worker say to each other: JSON lines over a socket pair, `[number, question]` and back
`[number, answer]`.

Each side reads on a thread of its own. An answer that comes too late is dropped. The end of the connection is the
other's death: a worker whose supervisor is gone ends too.
"""

from __future__ import annotations

import itertools
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from gateline.values.errors import UnavailableError

_LOG = logging.getLogger(__name__)


class Asker:
    """The supervisor's end; may be asked on any thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[Any]] = {}
        threading.Thread(target=self._read, name="asker", daemon=True).start()

    def ask(self, question: str, within_s: float) -> Any:
        """The worker's answer; `UnavailableError` where there is none in time."""
        number = next(self._numbers)
        future = self._waiting[number] = Future()
        try:
            with self._lock:
                self._connection.sendall(json.dumps([number, question]).encode() + b"\n")
            return future.result(within_s)
        except TimeoutError as error:
            raise UnavailableError("worker", f"did not answer within {within_s:g} s") from error
        except OSError as error:
            raise UnavailableError("worker", "has ended") from error
        finally:
            self._waiting.pop(number, None)

    def close(self) -> None:
        """Hang up."""
        with suppress(OSError):  # it may have done so first
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def _read(self) -> None:
        try:
            with self._connection.makefile("rb") as lines:
                for line in lines:
                    number, answer = json.loads(line)
                    if (future := self._waiting.get(number)) is not None:
                        future.set_result(answer)
        except (OSError, ValueError) as error:
            _LOG.debug("a worker hung up: %s", error)
        for future in list(self._waiting.values()):
            future.set_exception(UnavailableError("worker", "has ended"))


def answer(
    connection: socket.socket, questions: Mapping[str, Callable[[], Iterable[str]]], gone: Callable[[], None]
) -> None:
    """Answer the supervisor on threads of our own, until it hangs up; then call `gone`.

    An answer is the text of a JSON value, in pieces. Each question has its thread: a long reload does not keep the
    others waiting.
    """
    lock = threading.Lock()

    def reply(number: int, question: str) -> None:
        pieces = [f"[{number},", *questions[question](), "]\n"]
        with lock, suppress(OSError):  # nobody is left to tell
            for piece in pieces:
                connection.sendall(piece.encode())

    def run() -> None:
        with connection.makefile("rb") as lines, suppress(OSError):
            for line in lines:
                threading.Thread(target=reply, args=json.loads(line), name="answer", daemon=True).start()
        gone()

    threading.Thread(target=run, name="channel", daemon=True).start()
