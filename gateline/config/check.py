"""What no single field can see: names that must exist, be unique, or fit together."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence

from gateline.authn.combine import AnyOf
from gateline.authn.key_model import APIKey
from gateline.authz.roles import role_faults
from gateline.config.gateway import Gateway
from gateline.config.route import Route
from gateline.limit import domain_check
from gateline.values.errors import Fault, Path

Check = Callable[[Gateway], Iterator[Fault]]


def faults_of(gateway: Gateway, api_keys: Sequence[APIKey]) -> Iterator[Fault]:
    """Every fault of the whole."""
    for check in CHECKS:
        yield from check(gateway)
    yield from _unique(((("api_keys", i), key.id) for i, key in enumerate(api_keys)), "id")
    yield from _unique(((("api_keys", i), key.prefix) for i, key in enumerate(api_keys)), "prefix")
    for index, key in enumerate(api_keys):
        if key.rate_limit_tier is not None and key.rate_limit_tier not in gateway.tiers:
            yield _unknown(("api_keys", index, "rate_limit_tier"), "tier", key.rate_limit_tier, gateway.tiers)


def _budgets(gateway: Gateway) -> Iterator[Fault]:
    budgets = gateway.budgets
    if not budgets.store_ms < budgets.check_ms < budgets.proxy_ms:
        yield Fault(("budgets",), "must grow: store_ms < check_ms < proxy_ms, or one hides the other's answer")


def _names(gateway: Gateway) -> Iterator[Fault]:
    yield from _unique(((("routes", i), route.id) for i, route in enumerate(gateway.routes)), "id")
    yield from _unique(((("upstreams", i), up.id) for i, up in enumerate(gateway.upstreams)), "id")
    yield from _unique(((("authentication", i), m.name) for i, m in enumerate(gateway.authentication)), "name")


def _upstreams(gateway: Gateway) -> Iterator[Fault]:
    known = [upstream.id for upstream in gateway.upstreams]
    for index, route in enumerate(gateway.routes):
        if route.upstream_id is not None and route.upstream_id not in known:
            yield _unknown(("routes", index, "upstream_id"), "upstream", route.upstream_id, known)


def _splits(gateway: Gateway) -> Iterator[Fault]:
    known = [upstream.id for upstream in gateway.upstreams]
    for index, route in enumerate(gateway.routes):
        split, path = route.traffic_split, ("routes", index, "traffic_split")
        if split is None:
            continue
        targets = [weighted.target for weighted in split.upstream_weights]
        for at, target in enumerate(targets):
            if target not in known:
                yield _unknown((*path, "upstream_weights", at, "target"), "upstream", target, known)
        if route.upstream_id is not None and route.upstream_id not in targets:
            yield Fault(path, f"has no share for the route's own upstream_id, {route.upstream_id}")
        if split.sticky_by == "user_id" and not methods_of(route, [m.name for m in gateway.authentication]):
            yield Fault((*path, "sticky_by"), "needs an identity, but the route asks for no authentication")


def _authentication(gateway: Gateway) -> Iterator[Fault]:
    known = [method.name for method in gateway.authentication]
    for index, route in enumerate(gateway.routes):
        path: Path = ("routes", index)
        if route.auth_required and not known:
            yield Fault((*path, "auth_required"), "needs a method: declare one in `authentication`, or set it to false")
        if route.authentication is not None:
            word = "any_of" if isinstance(route.authentication, AnyOf) else "all_of"
            for at, name in enumerate(methods_of(route, known)):
                if name not in known:
                    yield _unknown((*path, "authentication", word, at), "method", name, known)
        elif not route.auth_required and (_asks_identity(route) or route.tenant is not None):
            rule = "authorization" if _asks_identity(route) else "tenant"
            yield Fault((*path, rule), "needs an identity, but the route asks for no authentication")


def _asks_identity(route: Route) -> bool:
    return route.authorization is not None and route.authorization.asks_identity


def _roles(gateway: Gateway) -> Iterator[Fault]:
    yield from role_faults(gateway.roles)


def _domains(gateway: Gateway) -> Iterator[Fault]:
    yield from domain_check.faults_of(gateway.domains)


def _conflicts(gateway: Gateway) -> Iterator[Fault]:
    seen: dict[object, str] = {}
    for index, route in enumerate(gateway.routes):
        match = route.match
        conditions = (sorted(match.hosts), sorted(map(str, match.headers)), sorted(map(str, match.query)))
        for method in sorted(match.methods):
            what = (match.path, match.exact, method, str(conditions))
            if seen.setdefault(what, route.id) != route.id:
                yield Fault(("routes", index), f"matches the same {method} requests as route {seen[what]}")
                break
    while seen:  # not all at once, see `release`
        seen.popitem()


CHECKS: tuple[Check, ...] = (_budgets, _names, _upstreams, _splits, _authentication, _roles, _conflicts, _domains)


def methods_of(route: Route, declared: Sequence[str]) -> Sequence[str]:
    """The names of the methods that a route asks, in order."""
    if route.authentication is None:
        return declared if route.auth_required else ()
    spec = route.authentication
    return spec.any_of if isinstance(spec, AnyOf) else spec.all_of


def _unique(named: Iterable[tuple[Path, str]], field: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for path, name in named:
        if name in seen:
            yield Fault((*path, field), f"is taken: `{name}`")
        seen.add(name)


def _unknown(path: Path, kind: str, name: str, known: Iterable[str]) -> Fault:
    close = difflib.get_close_matches(name, list(known), n=1)
    hint = f"; did you mean `{close[0]}`?" if close else f"; known: {', '.join(known) or 'none'}"
    return Fault(path, f"names no {kind}: `{name}`{hint}")
