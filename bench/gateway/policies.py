"""The gateway files of the rows."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

from bench.gateway.tokens import AUDIENCE, ISSUER, SCOPE, Issuer
from gateline.authn.key_model import hash_of, new_key

# A deadline is no part of what is measured: on a machine that is busy otherwise it would only cost a run.
BUDGETS = {"store_ms": 1000, "check_ms": 1500, "proxy_ms": 2000}
ONE_HEADER = {"user_id": "x-user-id", "scopes": None, "method": None, "credential_id": None, "tenant": None}
ROUTE = "users"
LOG_OFF = {"level": "off"}
# Large enough that nobody is ever refused.
LIMIT = {"requests_per_minute": 10**9, "burst": 10**8, "key_by": "user_id"}
TARGETS = 10_000
DOMAIN, DESCRIPTOR, SMALL = "bench", "user", "small"


def _gateway(issuer: Issuer, routes: list[dict[str, Any]], **parts: Any) -> dict[str, Any]:
    method = {"name": "main", "method": "jwt", "issuer": ISSUER, "audience": AUDIENCE, "algorithms": ["RS256"]}
    return {
        "version": 1,
        "budgets": BUDGETS,
        "decision_log": LOG_OFF,
        "identity_headers": ONE_HEADER,
        "authentication": [{**method, "keys": {"jwks_file": str(issuer.jwks)}}],
        "routes": routes,
        **parts,
    }


def _route(name: str, path: str, **parts: Any) -> dict[str, Any]:
    return {"id": name, "path": path, "methods": ["GET"], "authorization": {"scopes": {"all": [SCOPE]}}, **parts}


def lean(issuer: Issuer, _: Path) -> dict[str, Any]:
    """A token, a scope, one header; no log."""
    return _gateway(issuer, [_route(ROUTE, "/v1/users")])


def reference(issuer: Issuer, _: Path) -> dict[str, Any]:
    """What a user runs: as it comes, with its log, its identity headers and one limit."""
    gateway = _gateway(issuer, [_route(ROUTE, "/v1/users", rate_limit=LIMIT)])
    return {key: part for key, part in gateway.items() if key not in {"decision_log", "identity_headers"}}


def routes(count: int, issuer: Issuer, _: Path) -> dict[str, Any]:
    """`count` routes, the core finds which."""
    return _gateway(issuer, [_route(f"r{n}", path_of(n)) for n in range(count)])


def path_of(number: int) -> str:
    """The path of a route among many."""
    return f"/v1/service-{number % 97}/resource-{number}"


def targets(count: int) -> list[str]:
    """What is asked of `count` routes: as many different targets whatever the count, so that the routes alone differ.

    What is remembered of targets is fetched into the processor's caches from as many places, and so is what the load
    generator sends.
    """
    return [f"{path_of(number % count)}/{number}" for number in range(TARGETS)]


def keys(count: int, issuer: Issuer, folder: Path) -> dict[str, Any]:
    """`count` API keys in a file; those to present are written beside it, as header lines."""
    pepper = secrets.token_hex(32)
    (folder / "pepper").write_text(pepper)
    separator = ",\n"
    records, lines = [], []
    for number in range(count):
        prefix, key = new_key()
        known = {"id": f"k{number}", "prefix": prefix, "key": hash_of(key, pepper.encode())}
        # Close together: a file of keys has at most 16 MiB.
        records.append(json.dumps(known | {"user_id": f"u{number}", "scopes": [SCOPE]}, separators=(",", ":")))
        lines.append(f"x-api-key: {key}\n")
    (folder / f"keys-{count}.yaml").write_text(f"[{separator.join(records)}]\n")
    lines_of(folder, count).write_text("".join(lines))
    return _gateway(
        issuer,
        [_route(ROUTE, "/v1/users")],
        authentication=[{"name": "keys", "method": "api_key", "header": "x-api-key", "store": False}],
        api_key_pepper={"file": str(folder / "pepper")},
        api_keys={"file": str(folder / f"keys-{count}.yaml")},
    )


def lines_of(folder: Path, count: int) -> Path:
    """The header lines of the keys that `keys` made."""
    return folder / f"keys-{count}.txt"


def limits(issuer: Issuer, _: Path) -> dict[str, Any]:
    """What ShouldRateLimit answers by: one rule for the load, and a small one that is seen to refuse."""
    descriptors = [
        {"key": DESCRIPTOR, "rate_limit": {"unit": "minute", "requests_per_unit": 4 * 10**9}},
        {"key": SMALL, "rate_limit": {"unit": "hour", "requests_per_unit": 2}},
    ]
    return _gateway(issuer, [_route(ROUTE, "/v1/users")], domains=[{"domain": DOMAIN, "descriptors": descriptors}])
