"""The composition root of `gateline serve --workers N`: the supervisor, its admin port, and reload for all workers."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from typing import Any

from gateline.cli.options import ServeOptions
from gateline.cli.policy import open_policy
from gateline.pipeline.build import build
from gateline.runtime.addresses import bare_host, host_and_port, worker_address
from gateline.runtime.admin import Admin, State
from gateline.runtime.metrics import Samples, sample
from gateline.runtime.reload import Reloader
from gateline.runtime.supervise import RELOAD_S, Supervisor
from gateline.values.errors import ConfigError, UnavailableError

_LOG = logging.getLogger("gateline")


def run_supervised(options: ServeOptions) -> None:
    """Serve until SIGTERM or SIGINT; `ConfigError` or OSError where it can't begin."""
    supervised = _Supervised(options)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: supervised.workers.stop())
    signal.signal(signal.SIGHUP, lambda *_: supervised.reloader.ask())
    supervised.run()


class _Supervised:
    def __init__(self, options: ServeOptions) -> None:
        self._options = options
        self._policy = open_policy(options.config)
        self._revision = self._checked()
        self.workers = Supervisor(self._spawn, options.workers)
        self.reloader = Reloader(self._policy, self._apply)
        host, port = host_and_port(options.admin)
        self._admin = Admin(bare_host(host), port, self._state, self._samples)

    def run(self) -> None:
        self._admin.start()
        self.reloader.start()
        _LOG.info("admin on http://%s", self._admin.address)
        try:
            self.workers.run(self._options.drain_s)
        finally:
            self.reloader.close()
            self._admin.close()

    def _spawn(self, index: int, control: int) -> subprocess.Popen[bytes]:
        listen = worker_address(self._options.listen, index)
        environ = dict(os.environ)
        if self._options.store is not None:
            environ["GATELINE_STORE"] = self._options.store
        command = [sys.executable, "-m", "gateline", *self._options.worker_arguments(listen, control)]
        # A terminal's Ctrl-C reaches the whole group; the supervisor alone passes it on.
        return subprocess.Popen(  # noqa: S603  # our own command line
            command, env=environ, pass_fds=(control,), process_group=0
        )

    def _checked(self) -> str:
        """The revision of the policy as it stands in the file, once it is known to be good."""
        loaded = self._policy.read()
        build(loaded)
        return loaded.revision

    def _apply(self) -> str:
        revision = self._checked()
        answers = self.workers.ask_all("reload", RELOAD_S)
        self._revision = revision
        for index, answer in answers.items():
            # One that is just starting reads the new file anyway; one that failed shows its own revision.
            if isinstance(answer, UnavailableError):
                _LOG.warning("worker %d did not reload: %s", index, answer)
            elif "error" in answer:
                raise ConfigError.at((), f"worker {index} refused the policy: {answer['error']}")
        return revision

    def _state(self) -> State:
        answers = self.workers.ask_all("state")
        not_ready: dict[str, str] = {}
        workers: list[dict[str, Any]] = []
        for index, answer in answers.items():
            if isinstance(answer, dict):
                parts, revision = answer["not_ready"], answer["revision"]
                not_ready |= {f"worker {index}: {part}": why for part, why in parts.items()}
            else:
                parts, revision = {"worker": str(answer)}, None
                not_ready[f"worker {index}"] = str(answer)
            workers.append({"worker": index, "revision": revision, "not_ready": parts})
        details: dict[str, Any] = {"workers": workers}
        if self.reloader.last_error:
            details["refused_policy"] = self.reloader.last_error
        return State(self._revision, not_ready, details)

    def _samples(self) -> Samples:
        taken, refused = self.reloader.counts
        return {
            **self.workers.samples(self.workers.ask_all("samples")),
            sample("gateline_reloads_total", result="taken"): taken,
            sample("gateline_reloads_total", result="refused"): refused,
        }
