"""Replaces a large policy under a running loop without stopping it for long.

Two things would: the garbage collector, which walks every object of the old and the new policy (seconds at 10,000
routes), and the end of the old policy, which frees as many at once. So collection waits while a policy is made, all
that is there afterwards is left out of later collections, and the old policy is taken apart piece by piece.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from gateline.config.load import Loaded
from gateline.pipeline.build import Snapshot


@contextmanager
def collection_deferred() -> Iterator[None]:
    """No garbage is collected inside; what lives at the end is never looked at again (it still ends by its count)."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def take_apart(old: list[tuple[Loaded, Snapshot]]) -> None:
    """Free the policy in `old` that nobody uses any more, on this thread, giving way to others between its pieces.

    It comes in a list, so that no caller's variable keeps it. A decision under way keeps the pieces that it needs.
    """
    loaded, snapshot = old.pop()
    lines = loaded.lines
    pieces: list[object] = [*loaded.gateway.routes, *loaded.gateway.upstreams, *loaded.api_keys]
    pieces += snapshot.routes.values()
    del loaded, snapshot
    while lines:
        lines.popitem()
    while pieces:
        pieces.pop()
