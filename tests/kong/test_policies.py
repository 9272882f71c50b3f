"""The policies of a plugin server: a change of what many of them read is taken by one after the other."""

from __future__ import annotations

import threading
import weakref
from typing import Any

from kong_plugins.adapter.policies import _apply


class Slow:
    """A gateway file that waits, while it is read, for a second reader; notes how many read at once."""

    inside = 0
    most = 0
    gate = threading.Barrier(2)

    def read(self) -> Any:
        cls = type(self)
        cls.inside += 1
        cls.most = max(cls.most, cls.inside)
        try:
            cls.gate.wait(0.05)
        except threading.BrokenBarrierError:
            cls.gate.reset()
        cls.inside -= 1
        return type("Loaded", (), {"revision": "r"})


class Gone:
    """A policy that no instance uses any more."""


def test_policies_are_read_anew_one_at_a_time() -> None:
    nobody: Any = weakref.ref(Gone())
    source: Any = Slow()
    threads = [threading.Thread(target=_apply(source, nobody)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Slow.most == 1
