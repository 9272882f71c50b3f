"""A model of Kong's router (flavor `traditional_compatible`, 3.4 to 3.9), as read in its sources and documents.

It ranks routes by kinds of conditions, plain hosts, number of headers, regular expressions and their priority, length
of a prefix (kong/router/transform.lua); within one route each path has a rank of its own. Header values are compared
without regard to case, hosts as they are sent.
"""

from __future__ import annotations

import re
from typing import Any

Route = dict[str, Any]


def routes_of(document: dict[str, Any]) -> list[Route]:
    """Every route of a declarative file."""
    nested = [route for service in document["services"] for route in service["routes"]]
    return [*nested, *document.get("routes", ())]


def find(routes: list[Route], method: str, path: str, host: str, headers: dict[str, list[str]]) -> Route | None:
    """The route that takes a request; the path is Kong's normalised one."""
    ranked = [
        (rank, index)
        for index, route in enumerate(routes)
        if _matches(route, method, host, headers)
        for rank in _ranks(route, path)
    ]
    return routes[max(ranked, key=lambda pair: (pair[0], -pair[1]))[1]] if ranked else None


def _matches(route: Route, method: str, host: str, headers: dict[str, list[str]]) -> bool:
    if "methods" in route and method not in route["methods"]:
        return False
    if "hosts" in route and not any(_host(pattern, host) for pattern in route["hosts"]):
        return False
    return all(
        any(value.lower() in [wanted.lower() for wanted in values] for value in headers.get(name, ()))
        for name, values in route.get("headers", {}).items()
    )


def _host(pattern: str, host: str) -> bool:
    bare = host.partition(":")[0]
    return bare.endswith(pattern[1:]) if pattern.startswith("*") else bare == pattern


def _ranks(route: Route, path: str) -> list[tuple[int, bool, int, bool, int, int]]:
    kinds = sum(name in route for name in ("methods", "hosts", "headers", "paths"))
    plain = "hosts" in route and not any("*" in host for host in route["hosts"])
    found = []
    for pattern in route["paths"]:
        regex = pattern.startswith("~")
        hit = re.match(pattern[1:], path) is not None if regex else path.startswith(pattern)
        if hit:
            order = (route.get("regex_priority", 0), 0) if regex else (0, len(pattern))
            found.append((kinds, plain, len(route.get("headers", {})), regex, *order))
    return found
