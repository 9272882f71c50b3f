"""Gateways in short, for tests of methods."""

from __future__ import annotations

from typing import Any

from gateline.values.decision import Allow, Decision

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
