"""An upstream as Kong's upstream with its targets."""

from __future__ import annotations

from typing import Any

from gateline.compile.kong.identity import TAG, id_of
from gateline.config.upstream import HealthCheck, Upstream

_ALGORITHMS = {
    "round-robin": "round-robin",
    "weighted": "round-robin",  # it obeys the weights
    "least-connections": "least-connections",
    "ip-hash": "consistent-hashing",
}
# What counts as a failed check; Kong must be told each status by its number.
_FAILED = [400, 401, 403, 404, 405, 408, 410, 429, 500, 501, 502, 503, 504, 505]


def kong_upstream(upstream: Upstream) -> dict[str, Any]:
    """The upstream under its id."""
    found: dict[str, Any] = {
        "id": id_of("upstream", upstream.id),
        "name": upstream.id,
        "tags": [TAG],
        "algorithm": _ALGORITHMS[upstream.load_balance],
    }
    if upstream.load_balance == "ip-hash":
        found["hash_on"] = "ip"
    if upstream.health_check is not None:
        found["healthchecks"] = {"active": _active(upstream, upstream.health_check)}
    found["targets"] = [
        {
            "id": id_of("target", f"{upstream.id}:{server.address}"),
            "target": server.address,
            "weight": server.weight,
            "tags": [TAG],
        }
        for server in upstream.servers
    ]
    return found


def _active(upstream: Upstream, check: HealthCheck) -> dict[str, Any]:
    secure = {"type": "https", "https_verify_certificate": True} if upstream.encrypted else {"type": "http"}
    failures = check.unhealthy_threshold
    return {
        **secure,
        "http_path": check.path,
        "timeout": check.timeout,
        "healthy": {"interval": check.interval, "successes": check.healthy_threshold, "http_statuses": [200]},
        "unhealthy": {
            "interval": check.interval,
            "http_failures": failures,
            "tcp_failures": failures,
            "timeouts": failures,
            "http_statuses": _FAILED,
        },
    }
