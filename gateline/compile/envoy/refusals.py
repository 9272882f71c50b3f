"""What stands in a gateway file and Envoy cannot do as it is written."""

from __future__ import annotations

from collections.abc import Iterator

from gateline.compile.envoy.address import is_ip, split_port
from gateline.compile.envoy.client_certificate import certificate_refusals
from gateline.compile.envoy.split import split_refusals
from gateline.compile.plan import Plan, PlannedRoute
from gateline.config.upstream import Upstream
from gateline.sanitise.identity_headers import spellings
from gateline.values.errors import Fault, Path

# What Envoy sets, removes or renames before it looks for a route.
_OWN = frozenset(
    ("connection", "content-length", "expect", "http2-settings", "keep-alive", "proxy-connection", "te", "trailer")
) | {"transfer-encoding", "upgrade", "via"}
_OWN_PREFIXES = ("x-envoy-", "x-forwarded-", "x-request-id")


def refusals(plan: Plan) -> Iterator[Fault]:
    """Every fault, each at the place of what is asked for."""
    for path, upstream in plan.upstreams:
        yield from _upstream(path, upstream)
    yield from certificate_refusals(plan)
    identity = {spelling for name in plan.gateway.identity_headers.names.values() for spelling in spellings(name)}
    for planned in plan.routes:
        yield from _conditions(planned, identity)
        yield from _route(planned)
        yield from split_refusals(plan, planned)


def _upstream(path: Path, upstream: Upstream) -> Iterator[Fault]:
    for index, server in enumerate(upstream.servers):
        try:
            split_port(server.address)
        except ValueError as error:
            yield Fault((*path, "servers", index), str(error))
    if upstream.encrypted and (upstream.tls is None or upstream.tls.sni is None):
        yield from _names_and_addresses(path, upstream)
    check = upstream.health_check
    if check is not None and upstream.protocol == "grpc" and "path" in check.model_fields_set:
        yield Fault((*path, "health_check", "path"), "has no meaning for grpc: Envoy asks grpc.health.v1; leave it out")


def _names_and_addresses(path: Path, upstream: Upstream) -> Iterator[Fault]:
    """A cluster asks each of its servers by name, or none."""
    kinds = {is_ip(server.address.rpartition(":")[0].strip("[]")) for server in upstream.servers}
    if len(kinds) > 1:
        yield Fault((*path, "servers"), "mix names and addresses: write in tls.sni which name to ask them all for")


def _conditions(planned: PlannedRoute, identity: set[str]) -> Iterator[Fault]:
    for name, condition in planned.route.headers.items():
        path = (*planned.path, "headers", name)
        if name in identity:
            yield Fault(path, "is an identity header: what a client sends under this name is removed, never matched")
        elif name == "host":
            yield Fault(path, "can't be matched in Envoy: use `hosts`")
        elif name in _OWN or name.startswith(_OWN_PREFIXES):
            yield Fault(path, "can't be matched: Envoy sets or removes this header before it looks for a route")
        elif isinstance(condition, str) and "," in condition:
            yield Fault(path, "holds a comma: in Envoy, two header lines that make it up together would match too")


def _route(planned: PlannedRoute) -> Iterator[Fault]:
    if planned.upstream.protocol == "ws" and "GET" not in planned.route.methods:
        yield Fault((*planned.path, "methods"), "must hold GET: a WebSocket begins with it")
    if any(char in planned.route.path_text for char in "?#"):
        yield Fault((*planned.path, "path"), "has a query or fragment: use `query` for a condition on the query")
