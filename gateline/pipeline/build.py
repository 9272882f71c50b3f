"""Builds a snapshot: every route's steps as one tuple, once per configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateline.authn.method import Method, MethodParts
from gateline.config.budgets import budgets_of
from gateline.config.load import Loaded
from gateline.limit.domain_rules import DomainRules
from gateline.limit.domain_tree import trees_of
from gateline.pipeline.order import BY_ADDRESS, ORDER, Parts, charge_step, limits_of
from gateline.pipeline.step import BuiltRoute
from gateline.route.router import Router
from gateline.sanitise.identity_headers import IdentityHeaders
from gateline.values.errors import ConfigError, Fault
from gateline.values.request import Needs


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A policy as it runs; replaced whole, never changed.

    `unmatched` is the route of what matches none: a denial where it is None. `check_s` is the longest that a decision
    of any route may take.
    """

    revision: str
    router: Router[BuiltRoute]
    routes: dict[str, BuiltRoute]
    unmatched: BuiltRoute | None
    identity_headers: IdentityHeaders
    trusted_hops: int = 0
    shadow: bool = False
    check_s: float = 0.15
    methods: dict[str, Method] = field(default_factory=dict, repr=False)
    domains: DomainRules = field(default_factory=DomainRules, repr=False)


def build(loaded: Loaded) -> Snapshot:
    """The snapshot of a loaded gateway; `ConfigError` with lines where a part can't be built."""
    gateway = loaded.gateway
    headers = IdentityHeaders(gateway.identity_headers.names)
    methods = _methods(loaded)
    routes = {}
    shared: dict[Any, Any] = {}
    longest_s = gateway.budgets.check_ms / 1000
    for index, route in enumerate(gateway.routes):
        parts = Parts(loaded, route, ("routes", index), methods, shared)
        placed = [step for row in ORDER for step in row.build(parts)]
        steps = tuple(step for step, _ in placed)
        needs = Needs(headers=frozenset(route.headers) | {"x-forwarded-for"}, query=bool(route.query))
        for step in steps:
            needs |= step.needs
        shadow = "shadow" in (route.mode, gateway.mode)
        check_s = budgets_of(gateway, route).check_ms / 1000
        longest_s = max(longest_s, check_s)
        rules = tuple(rule for _, rule in placed)
        steps = shared.setdefault(steps, steps)
        routes[route.id] = BuiltRoute(route.id, steps, shadow, check_s, parts.place(), rules, needs)
    while shared:  # not at once, which would hold the interpreter
        shared.popitem()
    open_route = _open_route(loaded)
    return Snapshot(
        revision=loaded.revision,
        router=Router((route.match, routes[route.id]) for route in gateway.routes),
        routes=routes,
        unmatched=open_route if gateway.unmatched == "allow" else None,
        identity_headers=headers,
        trusted_hops=gateway.trusted_hops,
        shadow=gateway.mode == "shadow",
        check_s=longest_s,
        methods=methods,
        domains=_domains(loaded),
    )


def _domains(loaded: Loaded) -> DomainRules:
    gateway = loaded.gateway
    shadow = gateway.mode == "shadow"
    trees = trees_of(gateway.domains, gateway.namespace, hidden=shadow)
    return DomainRules(trees, gateway.rate_limit_headers, gateway.budgets.store_ms / 1000, shadow)


def _open_route(loaded: Loaded) -> BuiltRoute:
    """The route of what matches none, where that is allowed: the global limit holds there, too."""
    shadow = loaded.gateway.mode == "shadow"
    limits = limits_of(loaded, None, "", "", identified=False, shadow=shadow)
    placed = tuple(charge_step(BY_ADDRESS, limits, limits.by_address()))
    steps, rules = tuple(step for step, _ in placed), tuple(rule for _, rule in placed)
    return BuiltRoute("", steps, shadow, rule=loaded.place(("unmatched",)), rules=rules)


def _methods(loaded: Loaded) -> dict[str, Method]:
    gateway = loaded.gateway
    parts = MethodParts(
        sources=loaded.sources,
        api_keys=loaded.api_keys,
        pepper=gateway.api_key_pepper,
        store_s=gateway.budgets.store_ms / 1000,
        namespace=gateway.namespace,
    )
    methods: dict[str, Method] = {}
    faults = []
    for index, config in enumerate(gateway.authentication):
        try:
            methods[config.name] = config.build(parts)
        except ConfigError as error:
            faults += [Fault(_absolute(index, fault), fault.message) for fault in error.faults]
    if faults:
        raise loaded.error(faults)
    return methods


def _absolute(index: int, fault: Fault) -> tuple[str | int, ...]:
    """A method's own path below `authentication[index]`; the pepper stands at the top."""
    return fault.path if fault.path == ("api_key_pepper",) else ("authentication", index, *fault.path)
