"""A route's match as Kong's router has it, and how Kong ranks it (router flavor `traditional_compatible`).

Kong asks the route with more kinds of conditions first (hosts, headers, methods, paths), then one with plain hosts
alone, the one with more headers, a regular expression before a prefix, the higher `regex_priority`, the longer prefix.
The core asks by path before all else, so a pair on which the two disagree is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gateline.compile.plan import PlannedRoute
from gateline.route.router import Match
from gateline.values.errors import Fault

# Before the regular expression of a route that means all below the same path, too.
EXACT_PRIORITY = 1
Rank = tuple[int, bool, int, bool, int, int]


def matching(planned: PlannedRoute) -> dict[str, Any]:
    """The fields of a Kong route that say what it matches."""
    match = planned.route.match
    fields: dict[str, Any] = {"paths": paths_of(match)}
    if match.exact:
        fields["regex_priority"] = EXACT_PRIORITY
    if planned.upstream.protocol == "grpc":
        fields["protocols"] = ["grpc", "grpcs"]
    else:
        fields["methods"] = sorted(match.methods)
    if match.hosts:
        fields["hosts"] = list(match.hosts)
    if match.headers:
        fields["headers"] = {name: [str(value)] for name, value in match.headers}
    return fields


def paths_of(match: Match) -> list[str]:
    """`/v1/users` is all below it and itself: a prefix with its slash, and a regular expression for the path alone."""
    exact = f"~{re.escape(match.path)}$"
    if match.exact:
        return [exact]
    return ["/"] if match.path == "/" else [f"{match.path}/", exact]


def order_faults(routes: tuple[PlannedRoute, ...]) -> Iterator[Fault]:
    """Every pair that Kong would ask in another order than the core; `routes` come in the core's."""
    for index, first in enumerate(routes):
        for second in routes[index + 1 :]:
            if _meet(first.route.match, second.route.match) and not _keeps(first, second):
                yield Fault(
                    second.path,
                    f"would be asked by Kong before {first.route.id}, or in no order, for requests that both match: "
                    "Kong counts kinds of conditions before it looks at the path; give both the same kinds",
                )


def _meet(first: Match, second: Match) -> bool:
    if first.methods.isdisjoint(second.methods):
        return False
    plain = not any(host.startswith("*") for host in (*first.hosts, *second.hosts))
    return not (first.hosts and second.hosts and plain and set(first.hosts).isdisjoint(second.hosts))


def _keeps(first: PlannedRoute, second: PlannedRoute) -> bool:
    """Whether Kong asks `first` first on every path that both match."""
    for path in _samples(first.route.match, second.route.match):
        ranks = [_rank(planned, path) for planned in (first, second)]
        if None not in ranks and not ranks[0] > ranks[1]:  # type: ignore[operator]  # both are there
            return False
    return True


def _samples(*matches: Match) -> Iterator[str]:
    """One path of each kind: each route's own, and one below it."""
    for match in matches:
        yield match.path
        yield f"{match.path.rstrip('/')}/x"


def _rank(planned: PlannedRoute, path: str) -> Rank | None:
    """How Kong ranks a route for a request on a path; None where the route does not match it."""
    match = planned.route.match
    if path == match.path and (match.exact or match.path != "/"):
        way = (True, EXACT_PRIORITY if match.exact else 0, 0)
    elif not match.exact and (path == match.path or path.startswith(f"{match.path.rstrip('/')}/")):
        way = (False, 0, len(paths_of(match)[0]))
    else:
        return None
    kinds = 1 + bool(match.hosts) + bool(match.headers) + (planned.upstream.protocol != "grpc")
    plain = bool(match.hosts) and not any(host.startswith("*") for host in match.hosts)
    return kinds, plain, len(match.headers), *way
