"""Sidecars that end with their test, and keys that are made once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateline.demo.keys import FOLDER, make_missing
from tests.cli.sidecar import Sidecar, write_policy


@pytest.fixture(scope="session")
def made_keys(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo's keys, to be copied: making a key pair takes a while."""
    folder = tmp_path_factory.mktemp("keys")
    shutil.copy(repository / "gateline.yaml", folder)
    make_missing(folder / "gateline.yaml")
    return folder / FOLDER


@pytest.fixture
def demo_file(repository: Path, made_keys: Path, tmp_path: Path) -> Path:
    """The demo's policy in a folder of its own, with keys."""
    shutil.copytree(made_keys, tmp_path / FOLDER)
    return Path(shutil.copy(repository / "gateline.yaml", tmp_path))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Sidecar]]:
    """Starts sidecars on a policy in `tmp_path`; the first argument replaces top-level fields of it."""
    started: list[Sidecar] = []

    def start(changes: dict[str, Any] | None = None, *more: str, environ: dict[str, str] | None = None) -> Sidecar:
        write_policy(tmp_path, **(changes or {}))
        started.append(Sidecar(tmp_path, *more, environ=environ))
        return started[-1]

    yield start
    for sidecar in started:
        sidecar.end()
