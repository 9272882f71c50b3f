"""What stands in a gateway file and Kong cannot do as it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import BaseModel

from gateline.compile.kong.match import order_faults
from gateline.compile.kong.tls import tls_refusals
from gateline.compile.plan import Plan, PlannedRoute
from gateline.config.upstream import Upstream
from gateline.route.conditions import Present
from gateline.schema.secret import SecretFromEnv
from gateline.values.errors import Fault, Path

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_ADDRESS = re.compile(r"[0-9.]+")


def refusals(plan: Plan) -> Iterator[Fault]:
    """Every fault, each at the place of what is asked for."""
    yield from _gateway(plan)
    for path, upstream in plan.upstreams:
        yield from _upstream(path, upstream)
    for planned in plan.routes:
        yield from _route(planned)
    yield from tls_refusals(plan)
    yield from order_faults(plan.routes)


def _gateway(plan: Plan) -> Iterator[Fault]:
    if plan.gateway.domains:
        yield Fault(("domains",), "are for Envoy's rate limit service, which Kong does not ask: leave them out")
    for path in _from_environment(plan.gateway, ()):
        yield Fault(
            path, "can't be read by a Kong plugin: Kong starts a plugin server without its environment; use file"
        )


def _from_environment(node: object, path: Path) -> Iterator[Path]:
    """The paths of secrets that stand in environment variables."""
    if isinstance(node, SecretFromEnv):
        yield path
    elif isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from _from_environment(getattr(node, name), (*path, name))
    elif isinstance(node, tuple):
        for index, item in enumerate(node):
            yield from _from_environment(item, (*path, index))


def _upstream(path: Path, upstream: Upstream) -> Iterator[Fault]:
    if not _HOST.fullmatch(upstream.id) or _ADDRESS.fullmatch(upstream.id):
        yield Fault((*path, "id"), "must be a host name and no address: Kong names its upstreams so")
    check = upstream.health_check
    if check is not None and upstream.protocol == "grpc":
        yield Fault(
            (*path, "health_check"), "can't be had for grpc: Kong asks over HTTP/1.1 or opens a connection alone"
        )


def _route(planned: PlannedRoute) -> Iterator[Fault]:
    route, path = planned.route, planned.path
    if "%" in route.path_text or not route.path_text.isascii():
        yield Fault(
            (*path, "path"),
            "has an escape, or what needs one: Kong routes by decoded paths, and would read it in its own way",
        )
    for name in route.query:
        yield Fault((*path, "query", name), "can't be matched: Kong's router does not look at queries")
    for name, condition in route.headers.items():
        place = (*path, "headers", name)
        if isinstance(condition, Present):
            yield Fault(place, "asks whether a header is there: Kong's router compares values alone")
        elif condition.lower() != condition.upper() or not condition:
            yield Fault(place, "can't be matched: Kong compares without regard to case, and not with nothing")
        elif name == "host":
            yield Fault(place, "can't be matched in Kong: use `hosts`")
    if planned.upstream.protocol == "grpc":
        if route.methods != ("POST",):
            yield Fault((*path, "methods"), "must be [POST]: a gRPC route of Kong takes no others")
        if route.strip_path:
            yield Fault((*path, "strip_path"), "can't be had for grpc in Kong")
