"""What a proxy must send of a request; known from the file alone, without any secret."""

from __future__ import annotations

from typing import Final, Literal

from gateline.authz.build import checks_of
from gateline.config.check import methods_of
from gateline.config.gateway import Gateway
from gateline.config.route import Route
from gateline.split import step as split
from gateline.values.request import Needs

# The id that answers and log carry, and what tells a client of gRPC.
ALWAYS: Final = frozenset({"x-request-id", "content-type"})


def needs_of(gateway: Gateway, route: Route) -> Needs:
    """What the route's own steps read."""
    methods = {method.name: method for method in gateway.authentication}
    needs = Needs()
    for name in methods_of(route, list(methods)):
        needs |= methods[name].proxy_needs
    if route.authorization is not None:
        for check in checks_of(route.authorization, lambda *_: ""):
            needs |= check.needs
    if route.traffic_split is not None:
        needs |= split.needs_of(route.traffic_split)
    return needs


def headers_of(gateway: Gateway) -> frozenset[str] | Literal["all"]:
    """The headers that any decision may read, on routes alone too: what Envoy finds no route for, the core looks at."""
    names = set(ALWAYS)
    if gateway.trusted_hops:
        names.add("x-forwarded-for")
    for route in gateway.routes:
        needs = needs_of(gateway, route)
        if needs.headers == "all":
            return "all"
        names |= needs.headers | route.headers.keys()
    return frozenset(names)
