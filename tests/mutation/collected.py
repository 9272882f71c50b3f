"""mutmut with tests that are collected once: the process of a mutant inherits them, and runs those that it needs.

For pytest to start and to collect took several times as long as the tests that kill a mutant. It runs as a file and
with `python -P`: as a module of `tests` it would hide the copy of `tests` that mutmut makes.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from _pytest.config import _prepareconfig
from _pytest.main import Session
from mutmut.__main__ import cli
from mutmut.mutation import trampoline
from mutmut.runners.harness import PytestRunner
from mutmut.utils.file_utils import change_cwd
from mutmut.workers import isolation


class CollectedTests(PytestRunner):
    """Every test, ready to run; made once, before the first mutant."""

    def __init__(self) -> None:
        super().__init__()
        with change_cwd("mutants"), Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
            args = self._pytest_args_regular_run([])
            config: Any = _prepareconfig(["--rootdir=.", "--tb=no", "-s", *args, *self._pytest_add_cli_args])
            self._session = Session.from_config(config)
            config._do_configure()
            config.hook.pytest_sessionstart(session=self._session)
            config.hook.pytest_collection(session=self._session)
        self._by_name = {item.nodeid: item for item in self._session.items}
        config.pluginmanager.unregister(name="terminalreporter")

    def run_tests(self, *, mutant_name: str | None, tests: Iterable[str]) -> int:
        """0 where all pass, 1 at the first that does not. This process does nothing else: it ends behind them."""
        # mutmut looks the name up in the environment at each call of a changed function.
        trampoline.get_mutant_under_test = lambda: mutant_name or ""
        session = self._session
        session.items = [self._by_name[name] for name in tests]
        with change_cwd("mutants"), tempfile.TemporaryDirectory(prefix="mutant-", ignore_cleanup_errors=True) as folder:
            factory: Any = session.config._tmp_path_factory  # type: ignore[attr-defined]
            factory._basetemp = Path(folder)
            try:
                session.config.hook.pytest_runtestloop(session=session)
            except session.Failed:
                return 1
            return 1 if session.testsfailed else 0


class CollectedRunner(isolation.ForkRunner):
    """A process for each mutant, as mutmut does it."""

    def startup(self) -> None:
        """Called once, before the first mutant."""
        self.test_runner = CollectedTests()
        super().startup()


if __name__ == "__main__":
    isolation.ForkRunner = CollectedRunner  # type: ignore[misc]
    cli()
