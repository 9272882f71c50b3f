"""Keeps worker processes running: starts them, asks them, starts the dead again, ends them.

Theory of operation: `run` loops on the main thread, which alone starts and buries workers (a child may be tied to the
thread that started it). Other threads ask through `ask_all`. Counters of a dead worker live on in `_retired`, as far
as they were seen, so that the sums never fall.
"""

from __future__ import annotations

import logging
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gateline.runtime.channel import Asker
from gateline.runtime.exposition import counters_of
from gateline.runtime.metrics import Samples, summed
from gateline.values.errors import UnavailableError

LOOK_S = 0.1
ANSWER_S = 2.0
RELOAD_S = 30.0
SOON_S = 5.0  # a worker that died younger than this has its next start delayed
MAX_DELAY_S = 5.0
USER_ERROR = 2  # an exit code: no restart helps
_LOG = logging.getLogger(__name__)

# Starts worker `index` with its end of the channel as a descriptor.
Spawn = Callable[[int, int], subprocess.Popen[bytes]]


@dataclass(slots=True)
class _Worker:
    index: int
    process: subprocess.Popen[bytes]
    asker: Asker
    started_s: float
    answered: bool = False
    seen: Samples = field(default_factory=dict)


class Supervisor:
    """`count` workers."""

    def __init__(self, spawn: Spawn, count: int) -> None:
        self._spawn = spawn
        self._count = count
        self._workers: dict[int, _Worker] = {}
        self._due: dict[int, float] = dict.fromkeys(range(count), 0.0)
        self._delay_s = dict.fromkeys(range(count), 0.0)
        self._retired: Samples = {}
        self._restarts = 0
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask `run` to end; from a signal handler too."""
        self._stop.set()

    def run(self, drain_s: float) -> None:
        """Keep the workers running until `stop`, then end them."""
        try:
            while not self._stop.is_set():
                self._bury()
                self._start_due()
                self._stop.wait(LOOK_S)
        finally:
            self._end(drain_s)

    def _start_due(self) -> None:
        now = time.monotonic()
        for index in [index for index, due in self._due.items() if due <= now]:
            ours, theirs = socket.socketpair()
            with theirs:
                process = self._spawn(index, theirs.fileno())
            self._workers[index] = _Worker(index, process, Asker(ours), now)
            del self._due[index]

    def _bury(self) -> None:
        now = time.monotonic()
        for worker in list(self._workers.values()):
            code = worker.process.poll()
            if code is None:
                continue
            index = worker.index
            if code == USER_ERROR and not self._restarts and not worker.answered:
                raise UnavailableError(f"worker {index}", "can't start; its message is above")
            young = now - worker.started_s < SOON_S
            self._delay_s[index] = min(MAX_DELAY_S, self._delay_s[index] * 2 + LOOK_S) if young else 0.0
            _LOG.error("worker %d %s; it is started again in %.1f s", index, ending(code), self._delay_s[index])
            self._retired = summed([self._retired, counters_of(worker.seen)])
            self._restarts += 1
            self._due[index] = now + self._delay_s[index]
            del self._workers[index]
            worker.asker.close()

    def _end(self, drain_s: float) -> None:
        for worker in self._workers.values():
            worker.process.terminate()
        deadline_s = time.monotonic() + drain_s + 2
        for worker in self._workers.values():
            try:
                worker.process.wait(max(0.0, deadline_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                _LOG.error("worker %d does not end; killed", worker.index)
                worker.process.kill()
                worker.process.wait()
            worker.asker.close()

    def ask_all(self, what: str, within_s: float = ANSWER_S) -> dict[int, Any]:
        """Every worker's answer, or the `UnavailableError` in its place; those not running are missing."""
        answers: dict[int, Any] = dict.fromkeys(range(self._count), UnavailableError("worker", "is not running"))
        threads = []
        for worker in list(self._workers.values()):
            thread = threading.Thread(target=_ask, args=(worker, what, within_s, answers), daemon=True)
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join()
        return answers

    def samples(self, answers: dict[int, Any]) -> Samples:
        """The sums over all workers, dead ones too, from their answers to `samples`."""
        for index, worker in list(self._workers.items()):
            if isinstance(answers.get(index), dict):
                worker.seen = answers[index]
        seen = [worker.seen for worker in list(self._workers.values())]
        return {**summed([self._retired, *seen]), "gateline_worker_restarts_total": self._restarts}


def _ask(worker: _Worker, what: str, within_s: float, answers: dict[int, Any]) -> None:
    try:
        answers[worker.index] = worker.asker.ask(what, within_s)
        worker.answered = True
    except (UnavailableError, ValueError) as error:
        answers[worker.index] = error


def ending(code: int) -> str:
    """How a process ended, in words."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
