"""What a proxy must be told, whichever it is: the routes in the order in which they are asked, and their upstreams.

A route without `upstream_id` is policy alone and is not compiled. Where a compiled route would then catch its requests
(and judge them by its own, perhaps laxer rules) the file is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateline.compile.needs import needs_of
from gateline.config.gateway import Gateway
from gateline.config.load import Loaded
from gateline.config.route import Route
from gateline.config.upstream import Upstream
from gateline.route.router import Match
from gateline.values.errors import Fault, Path
from gateline.values.request import Needs


@dataclass(frozen=True, slots=True)
class PlannedRoute:
    """A route that a proxy carries. `path` is its place in the file; `shadow`: Gateline's answer changes nothing."""

    route: Route
    path: Path
    upstream: Upstream
    shadow: bool
    needs: Needs


@dataclass(frozen=True, slots=True)
class Plan:
    """`routes` in the router's order; `upstreams` are those that a route uses, each with its place in the file."""

    loaded: Loaded
    routes: tuple[PlannedRoute, ...]
    upstreams: tuple[tuple[Path, Upstream], ...]

    @property
    def gateway(self) -> Gateway:
        """The gateway file's model."""
        return self.loaded.gateway

    @property
    def shadow(self) -> bool:
        """Whether the whole gateway is in shadow."""
        return self.gateway.mode == "shadow"


def plan(loaded: Loaded) -> Plan:
    """The plan of a gateway; `ConfigError` with lines where no proxy could keep its meaning."""
    gateway = loaded.gateway
    upstreams = {upstream.id: upstream for upstream in gateway.upstreams}
    routes = [
        PlannedRoute(
            route,
            ("routes", index),
            upstreams[route.upstream_id],
            "shadow" in (route.mode, gateway.mode),
            needs_of(gateway, route),
        )
        for index, route in enumerate(gateway.routes)
        if route.upstream_id is not None
    ]
    if not routes:
        raise loaded.error([Fault(("routes",), "names no upstream in any route: there is nothing to compile")])
    if faults := list(_uncovered(gateway)):
        raise loaded.error(faults)
    used = {name for planned in routes for name in targets_of(planned.route)}
    return Plan(
        loaded,
        tuple(sorted(routes, key=lambda planned: planned.route.match.order)),
        tuple((("upstreams", i), up) for i, up in enumerate(gateway.upstreams) if up.id in used),
    )


def targets_of(route: Route) -> tuple[str, ...]:
    """The upstreams that a route's requests go to."""
    if route.traffic_split is not None:
        return tuple(weighted.target for weighted in route.traffic_split.upstream_weights)
    return (route.upstream_id,) if route.upstream_id is not None else ()


def _uncovered(gateway: Gateway) -> Iterator[Fault]:
    """Policies without an upstream whose requests a compiled route of lower order would take."""
    compiled = [route.match for route in gateway.routes if route.upstream_id is not None]
    for index, route in enumerate(gateway.routes):
        if route.upstream_id is not None:
            continue
        match = route.match
        takers = sorted((other for other in compiled if _takes(other, match)), key=lambda other: other.order)
        if takers:
            yield Fault(
                ("routes", index),
                f"has no upstream_id, so the compiled route {takers[0].id} would take its requests and judge them by "
                "its own rules: give it an upstream_id, or move it to a file of its own",
            )


def _takes(other: Match, match: Match) -> bool:
    """Whether `other`, asked after `match`, may catch a request of it once `match` is missing."""
    return (
        match.order < other.order
        and not match.methods.isdisjoint(other.methods)
        and _covers(other, match.path)
        and _hosts_meet(match.hosts, other.hosts)
    )


def _covers(match: Match, path: str) -> bool:
    return path == match.path or (not match.exact and f"{path}/".startswith(f"{match.path.rstrip('/')}/"))


def _hosts_meet(left: Sequence[str], right: Sequence[str]) -> bool:
    """Whether one host may match both; a wildcard is taken to meet everything, which errs on the safe side."""
    if not left or not right or any(host.startswith("*") for host in (*left, *right)):
        return True
    return not set(left).isdisjoint(right)
