"""Replacing a policy: the old one is freed, and the garbage collector comes back."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest

from gateline.config.load import load
from gateline.pipeline.build import build
from gateline.runtime.replacement import collection_deferred, take_apart
from tests.cli.sidecar import write_policy


def test_the_old_policy_is_freed_without_a_collection(tmp_path: Path):
    loaded = load(
        write_policy(
            tmp_path, api_keys=[], authentication=[], routes=[{"id": "a", "path": "/", "auth_required": False}]
        ),
        {},
    )
    snapshot = build(loaded)
    old = [(loaded, snapshot)]
    kept = weakref.ref(loaded.gateway)
    lines = loaded.lines
    gc.disable()
    try:
        del loaded, snapshot
        take_apart(old)
        assert kept() is None
        assert lines == {}
    finally:
        gc.enable()


def test_no_garbage_is_collected_while_a_policy_is_made_and_again_afterwards():
    with collection_deferred():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="bad"), collection_deferred():
        raise ValueError("bad")
    assert gc.isenabled()
    gc.unfreeze()
