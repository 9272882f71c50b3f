"""Small policies of steps that are made for a test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateline.pipeline.build import Snapshot
from gateline.pipeline.step import BuiltRoute, Step
from gateline.route.router import Match, Router
from gateline.sanitise.identity_headers import IdentityHeaders
from gateline.values.headers import Headers
from gateline.values.request import Request

HEADERS = IdentityHeaders({"user_id": "x-user-id"})


def snapshot(steps: Sequence[Step], *, shadow: bool = False, unmatched: bool = False) -> Snapshot:
    """A policy with the route `r` at `/r`; its steps' rules stand in `file`, a line each."""
    rules = tuple(f"file:{line}" for line in range(1, len(steps) + 1))
    route = BuiltRoute("r", tuple(steps), shadow, rules=rules)
    open_route = BuiltRoute("", ()) if unmatched else None
    return Snapshot("rev", Router([(Match("r", "/r"), route)]), {"r": route}, open_route, HEADERS)


def request(target: str = "/r", *headers: tuple[str, str], **fields: Any) -> Request:
    """A GET from 192.0.2.1."""
    return Request("GET", target, "api.example.com", Headers.of(headers), "192.0.2.1", 1000.0, **fields)
