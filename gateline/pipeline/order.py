"""THE table: the order in which a route's steps run, with the reason for each place.

The first two, `sanitise` and `route`, run before a route is known and stand in `run.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from gateline.authn.combine import AllOf, Methods, authenticate_step
from gateline.authn.method import Method
from gateline.authn.resource_metadata import metadata_step
from gateline.authz.build import checks_of
from gateline.authz.roles import RoleBook, roles_step
from gateline.authz.tenant import tenant_step
from gateline.config.check import methods_of
from gateline.config.load import Loaded
from gateline.config.route import Route
from gateline.limit.build import RouteLimits
from gateline.limit.config import RateLimit
from gateline.pipeline.step import Step
from gateline.split.step import needs_of, split_step
from gateline.values.errors import Path
from gateline.values.request import Needs


@dataclass(frozen=True, slots=True)
class Parts:
    """What the steps of one route are built from; `path` is the route's place in the file."""

    loaded: Loaded
    route: Route
    path: Path
    methods: Mapping[str, Method]

    def place(self, *path: str | int) -> str:
        """`file:line` of a rule of this route."""
        return self.loaded.place((*self.path, *path))


class Row(NamedTuple):
    """A concern, why it stands where it stands, and the steps that a route has of it."""

    name: str
    reason: str
    build: Callable[[Parts], Iterator[Step]]


def _authenticate(parts: Parts) -> Iterator[Step]:
    names = methods_of(parts.route, list(parts.methods))
    if names:
        methods = tuple(parts.methods[name] for name in names)
        every = isinstance(parts.route.authentication, AllOf)
        run = authenticate_step(Methods(methods, every=every, required=parts.route.auth_required))
        needs = Needs()
        for method in methods:
            needs |= method.needs
        rule = "authentication" if parts.route.authentication is not None else "auth_required"
        yield Step("authenticate", run, parts.place(rule), needs=needs)


def _authorise(parts: Parts) -> Iterator[Step]:
    roles = parts.loaded.gateway.roles
    if roles and methods_of(parts.route, list(parts.methods)):
        yield Step("roles", roles_step(RoleBook(roles)), parts.loaded.place(("roles",)))
    if parts.route.tenant is not None:
        yield Step("authorise", tenant_step(parts.route.tenant), parts.place("tenant"))
    rules = parts.route.authorization
    if rules is not None:
        for check in checks_of(rules, partial(parts.place, "authorization")):
            yield Step("authorise", check.run, check.place, check.shadow, check.needs)


def _limits(parts: Parts) -> RouteLimits:
    names = methods_of(parts.route, list(parts.methods))
    shadow = "shadow" in (parts.route.mode, parts.loaded.gateway.mode)
    return limits_of(
        parts.loaded, parts.route.id, parts.route.rate_limit, parts.place("rate_limit"), bool(names), shadow
    )


def limits_of(
    loaded: Loaded, route_id: str, own: RateLimit | None, own_place: str, identified: bool, shadow: bool
) -> RouteLimits:
    """What the charge points of a route, or of what matches none, are built from."""
    gateway = loaded.gateway
    return RouteLimits(
        route_id=route_id,
        own=own,
        everywhere=gateway.global_rate_limit,
        namespace=gateway.namespace,
        form=gateway.rate_limit_headers,
        within_s=gateway.budgets.store_ms / 1000,
        tiers=gateway.tiers,
        hidden=shadow,
        identified=identified,
        own_place=own_place,
        global_place=loaded.place(("global_rate_limit",)),
    )


def by_address(limits: RouteLimits) -> Iterator[Step]:
    """The charge point before authentication, where there is one."""
    point = limits.by_address()
    if point is not None:
        yield Step("limit by address", point, limits.place, needs=Needs(client_address=True))


def _by_identity(parts: Parts) -> Iterator[Step]:
    limits = _limits(parts)
    point = limits.by_identity()
    if point is not None:
        yield Step("limit by identity", point, limits.place, needs=Needs(client_address=True))


def _metadata(parts: Parts) -> Iterator[Step]:
    resource = parts.route.protected_resource
    if resource is not None:
        issuers = dict.fromkeys(getattr(method, "issuer", None) for method in parts.loaded.gateway.authentication)
        run = metadata_step(resource, [issuer for issuer in issuers if issuer])
        yield Step("metadata", run, parts.place("protected_resource"))


def _split(parts: Parts) -> Iterator[Step]:
    split = parts.route.traffic_split
    if split is not None:
        yield Step("split", split_step(split, parts.route.id), parts.place("traffic_split"), needs=needs_of(split))


ORDER: tuple[Row, ...] = (
    Row(
        "limit by address",
        "before authentication, so that a flood costs no look at a credential",
        lambda parts: by_address(_limits(parts)),
    ),
    Row("authenticate", "who it is decides what it may do and which buckets are its own", _authenticate),
    Row("authorise", "before limits by identity, so that what is forbidden costs its user no quota", _authorise),
    Row(
        "limit by identity",
        "rates and quotas of one identity in one charge, after all that may still refuse it",
        _by_identity,
    ),
    Row("metadata", "an answer of our own, for whoever may ask for it", _metadata),
    Row("split", "where to, for what may pass; nobody refused takes a turn", _split),
)
