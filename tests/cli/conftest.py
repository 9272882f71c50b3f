"""Sidecars that end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.sidecar import Sidecar, write_policy


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
