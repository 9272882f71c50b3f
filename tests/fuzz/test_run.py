"""A run of the fuzzer reaches every target, whatever it finds on the way."""

from __future__ import annotations

import logging
import sys

import pytest

from tests.fuzz import run
from tests.fuzz.targets import TARGETS


def breaks(raw: bytes) -> None:
    assert len(raw) < 4


def test_a_fault_in_one_target_keeps_no_other_from_its_turn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(sys, "argv", ["run", "0"])
    monkeypatch.setattr(run, "find_spec", lambda _: None)
    for name in TARGETS:
        monkeypatch.setitem(TARGETS, name, lambda raw, name=name: asked.append(name))
    first, *others = TARGETS
    monkeypatch.setitem(TARGETS, first, breaks)
    try:
        assert run.main() == 1
    finally:
        logging.disable(logging.NOTSET)
    told = capsys.readouterr()
    assert set(asked) == set(others)
    assert told.out.splitlines()[0] == f"{first}: found a fault"
    assert "assert len(raw) < 4" in told.err
