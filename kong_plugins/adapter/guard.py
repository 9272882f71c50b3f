"""The guard around a plugin on Kong's stock server, where an exception lets the request through unchecked.

On our own server a fault is a 5xx by itself, and it tells the fault with its plugin; there the guard steps aside.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from gateline.values.decision import unavailable
from gateline.values.headers import Headers
from gateline.values.request import Request
from kong_plugins.adapter.answer import exit_with
from kong_plugins.runtime import hub
from kong_plugins.runtime.faults import FaultLog


@cache
def _faults() -> FaultLog:
    return FaultLog()


def guarded(kong: Any, plugin: str, run: Callable[[], None]) -> None:
    """Run a plugin's phase; on the stock server, end the request with 503 where it raises."""
    if hub.current() is not None:
        run()
        return
    try:
        run()
    except BaseException as error:  # noqa: BLE001  # SystemExit too: the thread would end without an answer
        _faults().report(plugin, "access", error)
        nobody = Request("", "", "", Headers(), "", 0.0)
        exit_with(kong, unavailable("internal_error", type(error).__name__), nobody)
