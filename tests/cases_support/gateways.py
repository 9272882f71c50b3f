"""The gateways of the case files, each once, with keys in a folder and the echo as every upstream."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateline.config.load import Loaded, load_data
from gateline.schema.secret import Sources
from tests.cases_support.table import Entry


@dataclass(frozen=True, slots=True)
class Prepared:
    """A gateway that is ready to run; `key` is the same for the same inline gateway, `data` what it was loaded from."""

    key: str
    loaded: Loaded
    data: dict[str, Any] = field(default_factory=dict, repr=False)


DEFAULTS: dict[str, Any] = {
    # A machine that is busy with tests is no reason for a 503.
    "budgets": {"store_ms": 1000, "check_ms": 3000, "proxy_ms": 4000},
    "api_key_pepper": {"file": ".gateline/pepper"},
    "api_keys": {"file": ".gateline/api_keys.json"},
    "authentication": [
        {
            "name": "main",
            "method": "jwt",
            "issuer": "https://auth.example.com",
            "audience": "api.example.com",
            "algorithms": ["RS256"],
            "keys": {"jwks_file": ".gateline/jwks.json"},
        },
        {"name": "keys", "method": "api_key", "header": "x-api-key"},
    ],
}


def key_of(gateway: dict[str, Any]) -> str:
    """Tells one inline gateway from another."""
    return json.dumps(gateway, sort_keys=True)


def prepare(rows: list[Entry], folder: Path, upstream: str) -> dict[str, Prepared]:
    """Every distinct gateway of the rows; `folder` holds the keys, `upstream` is the echo's address."""
    found: dict[str, Prepared] = {}
    for row in rows:
        key = key_of(row.gateway)
        if key not in found:
            data = complete(row.gateway, upstream)
            found[key] = Prepared(key, load_data(data, row.file, {}, Sources(folder, {})), data)
    return found


def complete(gateway: dict[str, Any], upstream: str) -> dict[str, Any]:
    """The inline gateway with what it leaves out: version, methods, keys, the echo, an upstream for each route."""
    data = {"version": 1, **DEFAULTS, **gateway}
    upstreams = [{**up, "servers": [upstream]} for up in data.get("upstreams", [])]
    data["upstreams"] = [*upstreams, {"id": "echo", "servers": [upstream], "retries": 0}]
    data["routes"] = [{"upstream_id": "echo", **route} for route in data.get("routes", [])]
    return data
