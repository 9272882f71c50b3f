"""The whole declarative file: a service and a route for each of ours, their upstreams, the policy, the fence."""

from __future__ import annotations

from typing import Any

from gateline.compile.kong.fence import fence_lua
from gateline.compile.kong.identity import TAG, id_of
from gateline.compile.kong.match import matching
from gateline.compile.kong.refusals import refusals
from gateline.compile.kong.tls import certificates_of, protocol_of, tls_of
from gateline.compile.kong.upstream import kong_upstream
from gateline.compile.plan import Plan, PlannedRoute
from gateline.values.decision import Problem

POLICY = "gateline-policy"
# No route of ours can be called so: it catches what matches none, so that the policy answers it.
UNMATCHED = "gateline~unmatched"


def declarative(plan: Plan, file: str) -> dict[str, Any]:
    """The file's data; `file` is where the plugin server finds the gateway file. `ConfigError` with lines."""
    if faults := list(refusals(plan)):
        raise plan.loaded.error(faults)
    return {
        "_format_version": "3.0",
        **certificates_of(plan),
        "upstreams": [kong_upstream(upstream) for _, upstream in plan.upstreams],
        "services": [_service(planned, file) for planned in plan.routes],
        "routes": [_unmatched(plan, file)],
        "plugins": _fence(plan),
    }


def _service(planned: PlannedRoute, file: str) -> dict[str, Any]:
    """One service for each route: Kong's timeouts are a service's. A route's `timeout` bounds each silence of it."""
    route, upstream = planned.route, planned.upstream
    silence_ms = min(upstream.read_timeout, route.timeout) * 1000
    return {
        "id": id_of("service", route.id),
        "name": route.id,
        "tags": [TAG],
        "protocol": protocol_of(upstream),
        "host": upstream.id,
        "port": 443 if upstream.encrypted else 80,
        "connect_timeout": upstream.connection_timeout * 1000,
        "read_timeout": silence_ms,
        "write_timeout": silence_ms,
        "retries": upstream.retries,
        **tls_of(upstream),
        "routes": [_route(planned, file)],
    }


def _route(planned: PlannedRoute, file: str) -> dict[str, Any]:
    route = planned.route
    return {
        "id": id_of("route", route.id),
        "name": route.id,
        "tags": [TAG],
        **matching(planned),
        "strip_path": route.strip_path,
        "preserve_host": route.preserve_host,
        "plugins": [_policy(route.id, file, route.id)],
    }


def _unmatched(plan: Plan, file: str) -> dict[str, Any]:
    """What matches no route: the policy refuses it; where it would not, Kong has nowhere to send it all the same."""
    return {
        "id": id_of("route", UNMATCHED),
        "name": UNMATCHED,
        "tags": [TAG],
        "paths": ["/"],
        "plugins": [_policy(UNMATCHED, file, "*") if _refuses_unmatched(plan) else _not_found()],
    }


def _not_found() -> dict[str, Any]:
    body = Problem("no_route").body("").decode()
    config = {"status_code": 404, "content_type": "application/problem+json", "body": body}
    return {
        "id": id_of("plugin", "request-termination"),
        "name": "request-termination",
        "tags": [TAG],
        "config": config,
    }


def _policy(name: str, file: str, route: str) -> dict[str, Any]:
    config = {"file": file, "route": route}
    return {"id": id_of("plugin", f"{POLICY}:{name}"), "name": POLICY, "tags": [TAG], "config": config}


def _fence(plan: Plan) -> list[dict[str, Any]]:
    """One for all; routes in shadow are not in it, since their answer must change nothing."""
    names = [planned.route.id for planned in plan.routes if not planned.shadow]
    if not names:
        return []
    if _refuses_unmatched(plan):
        names.append(UNMATCHED)
    config = {"access": [fence_lua([], {name: [POLICY] for name in names})]}
    return [{"id": id_of("plugin", "post-function"), "name": "post-function", "tags": [TAG], "config": config}]


def _refuses_unmatched(plan: Plan) -> bool:
    return plan.gateway.unmatched == "deny" and not plan.shadow
