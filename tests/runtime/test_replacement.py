"""Replacing a policy: the old one is freed whoever was judged by it, and the garbage collector comes back."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateline.authn.key_model import hash_of, new_key
from gateline.config.load import Loaded, load
from gateline.pipeline.build import Snapshot, build
from gateline.pipeline.run import Pending, Pipeline
from gateline.runtime.replacement import collection_deferred, read_and_built, take_apart
from gateline.values.decision import Allow
from gateline.values.errors import ConfigError
from gateline.values.headers import Headers
from gateline.values.request import Request
from tests.cli.sidecar import write_policy

PREFIX, KEY = new_key()
ROUTES = [{"id": f"r{n}", "path": f"/r{n}"} for n in range(3)]


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Nothing ends but by its count of references."""
    gc.disable()
    yield
    gc.enable()


def made(folder: Path) -> tuple[Loaded, Snapshot]:
    """A policy with a key."""
    (folder / "pepper").write_text("pepper")
    key = {"id": "k", "prefix": PREFIX, "key": hash_of(KEY, b"pepper"), "user_id": "u"}
    path = write_policy(folder, api_key_pepper={"file": "pepper"}, api_keys=[key], routes=ROUTES)
    loaded = load(path, {})
    return loaded, build(loaded)


def allowed(pipeline: Pipeline) -> bool:
    """Whether the key's user passes; the key's identity then remembers it."""
    headers = Headers.of([("x-api-key", KEY)])
    state = pipeline.decide(Request("GET", "/r1", "api.test", headers, "192.0.2.1", time.time()))
    while isinstance(state, Pending):
        state = state.resume(tuple(None for _ in state.effects))
    return isinstance(state, Allow)


def test_the_old_policy_is_freed_without_a_collection(tmp_path: Path, uncollected: None):
    loaded, snapshot = made(tmp_path)
    pipeline = Pipeline(snapshot)
    assert allowed(pipeline)
    route = snapshot.routes["r1"]
    parts = (loaded.gateway, loaded.gateway.routes[1], snapshot.methods["keys"], route.steps[0].run)
    ends = [weakref.ref(part) for part in parts]
    old = [(loaded, pipeline)]
    del loaded, snapshot, pipeline, route, parts
    take_apart(old)
    assert [end() for end in ends] == [None] * len(ends)


def test_a_policy_that_cannot_be_built_is_freed_and_says_why(tmp_path: Path, uncollected: None):
    path = write_policy(tmp_path, api_key_pepper={"file": "gone"}, api_keys=[], routes=ROUTES)
    ends = []

    def read() -> Loaded:
        loaded = load(path, {})
        ends.append(weakref.ref(loaded.gateway.routes[0]))
        return loaded

    with pytest.raises(ConfigError, match=r"gateline\.yaml:\d+: api_key_pepper can't read") as caught:
        read_and_built(read)
    assert ends[0]() is None
    assert caught.value.__context__ is None


def test_no_garbage_is_collected_while_a_policy_is_made_and_again_afterwards():
    with collection_deferred():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="bad"), collection_deferred():
        raise ValueError("bad")
    assert gc.isenabled()
    gc.unfreeze()
