"""Gateways in short, for tests of methods."""

from __future__ import annotations

from typing import Any

from gateline.pipeline.run import Pending
from gateline.testing import Policy
from gateline.values.decision import Allow, Decision
from gateline.values.headers import Headers
from gateline.values.request import Request

MAIN = {
    "name": "main",
    "method": "jwt",
    "issuer": "https://auth.example.com",
    "audience": "api.example.com",
    "keys": {"jwks_file": ".gateline/jwks.json"},
}


def gateway(*methods: dict[str, Any], route: dict[str, Any] | None = None, **rest: Any) -> dict[str, Any]:
    """A gateway of some methods and one route, `/`."""
    return {"authentication": list(methods), "routes": [{"id": "all", "path": "/", **(route or {})}], **rest}


def said(decision: Decision) -> tuple[int, str]:
    """Status and code; an allow is `(200, user)`."""
    if isinstance(decision, Allow):
        return 200, decision.identity.user_id if decision.identity else ""
    return decision.problem.status, decision.problem.code


def bearer(token: str) -> dict[str, str]:
    """The header."""
    return {"authorization": f"Bearer {token}"}


def begun(made: Policy, headers: dict[str, str], now_unix_s: float | None = None) -> Pending:
    """A decision that waits for the world, for tests of what several requests have in common."""
    now = made.now_unix_s if now_unix_s is None else now_unix_s
    request = Request("GET", "/", "api.example.com", Headers.of(headers.items()), "198.51.100.7", now)
    pending = made.pipeline.decide(request)
    assert isinstance(pending, Pending)
    return pending
