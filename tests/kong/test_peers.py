"""Processes of one server know of each other whether they live."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from kong_plugins.runtime.peers import Peers


def test_who_is_about_to_join_is_not_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between making its file and locking it, nobody may see an unlocked one."""
    seen: list[bool] = []
    lock = fcntl.lockf

    def locking(descriptor: int, how: int) -> None:
        if how == fcntl.LOCK_EX:
            seen.append(Peers(tmp_path, 1, 2).one_is_dead())
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "lockf", locking)
    Peers(tmp_path, 0, 2).join()
    assert seen == [False]
