"""Replaces a large policy under a running loop without stopping it for long.

Two things would: the garbage collector, which walks every object of the old and the new policy (seconds at 10,000
routes), and the end of the old policy, which frees as many at once. So collection waits while a policy is made, all
that is there afterwards is left out of later collections, and the old policy is taken apart piece by piece.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gateline.config.load import Loaded
from gateline.config.release import release, released
from gateline.pipeline.build import Snapshot, build
from gateline.pipeline.run import Pipeline
from gateline.recent import Recent

# A method remembers itself, or a part of it does, or a part of that.
_DEPTH = 3
# How long decisions by a policy that was replaced are waited for at most.
MOST_GRACE_S = 1.0


@contextmanager
def collection_deferred() -> Iterator[None]:
    """No garbage is collected inside; what lives at the end is never looked at again (it still ends by its count)."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def read_and_built(read: Callable[[], Loaded]) -> tuple[Loaded, Snapshot]:
    """The policy that `read` gives, and its snapshot; `ConfigError` after what was made of it is freed."""
    made: list[Any] = []

    def both() -> tuple[Loaded, Snapshot]:
        loaded = read()
        made.extend(_parts_of(loaded))
        snapshot = build(loaded)
        made.clear()
        return loaded, snapshot

    return released(made, both)


def take_apart(old: list[tuple[Loaded, Pipeline]]) -> None:
    """Free the policy in `old`, by which nothing is decided any more, giving way to others between its pieces.

    It comes in a list, so that no caller's variable keeps it. What is being decided by it has its time first.
    Identities lead back to the pipeline by what they remember, and it to them by its routes' methods: nothing would
    ever collect that circle, so it is emptied.
    """
    loaded, pipeline = old.pop()
    snapshot = pipeline.snapshot
    time.sleep(min(snapshot.check_s, MOST_GRACE_S))
    parts = _parts_of(loaded)
    for memory in (*_dictionaries_in(pipeline), snapshot.routes):
        while memory:
            memory.popitem()
    parts += [part for method in snapshot.methods.values() for part in _emptied(method)]
    snapshot.methods.clear()
    parts += snapshot.router.taken_apart()
    del loaded, pipeline, snapshot
    release(parts)


def _parts_of(loaded: Loaded) -> list[Any]:
    """What there may be much of."""
    gateway = loaded.gateway
    return [gateway.routes, gateway.upstreams, gateway.domains, loaded.api_keys, loaded.lines]


def _emptied(method: object) -> list[Any]:
    """What stands in the dictionaries of a method and of its parts, which have forgotten what they remembered."""
    found: list[Any] = []
    parts = [method]
    for _ in range(_DEPTH):
        below = [part for whole in parts for part in gc.get_referents(whole)]
        for part in below:
            if isinstance(part, Recent):
                part.drain()
            elif isinstance(part, dict):
                found += list(part)
                found += list(part.values())
        parts = [part for part in below if type(part).__module__.partition(".")[0] == "gateline"]
    return found


def _dictionaries_in(thing: object) -> list[dict[Any, Any]]:
    return [part for part in gc.get_referents(thing) if isinstance(part, dict)]
