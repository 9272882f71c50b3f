"""THE table: the order in which a route's steps run, with the reason for each place.

The first two, `sanitise` and `route`, run before a route is known and stand in `run.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

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
from gateline.limit.point import ChargePoint
from gateline.pipeline.step import Placed, Step
from gateline.split.step import needs_of, split_step
from gateline.values.errors import Path
from gateline.values.request import Needs

BY_ADDRESS: Final = "limit by address"
BY_IDENTITY: Final = "limit by identity"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parts:
    """What the steps of one route are built from; `path` is the route's place in the file.

    `shared` is what routes have in common, so that thousands of them ask for no more room in a processor's cache than
    they differ.
    """

    loaded: Loaded
    route: Route
    path: Path
    methods: Mapping[str, Method]
    shared: dict[Hashable, Any]

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, made once for all routes that ask by this key."""
        if key not in self.shared:
            self.shared[key] = make()
        found: T = self.shared[key]
        return found

    def place(self, *path: str | int) -> str:
        """`file:line` of a rule of this route."""
        return self.loaded.place((*self.path, *path))


class Row(NamedTuple):
    """A concern, why it stands where it stands, and the steps that a route has of it."""

    name: str
    reason: str
    build: Callable[[Parts], Iterator[Placed]]


def _authenticate(parts: Parts) -> Iterator[Placed]:
    names = methods_of(parts.route, list(parts.methods))
    if names:
        methods = tuple(parts.methods[name] for name in names)
        every = isinstance(parts.route.authentication, AllOf)
        asked = Methods(methods, every=every, required=parts.route.auth_required)
        run = parts.once(asked, lambda: authenticate_step(asked))
        needs = Needs()
        for method in methods:
            needs |= method.needs
        rule = "authentication" if parts.route.authentication is not None else "auth_required"
        yield Placed(Step("authenticate", run, needs=needs), parts.place(rule))


def _authorise(parts: Parts) -> Iterator[Placed]:
    roles = parts.loaded.gateway.roles
    if roles and methods_of(parts.route, list(parts.methods)):
        run = parts.once("roles", lambda: roles_step(RoleBook(roles)))
        yield Placed(Step("roles", run), parts.loaded.place(("roles",)))
    if parts.route.tenant is not None:
        yield Placed(Step("authorise", tenant_step(parts.route.tenant)), parts.place("tenant"))
    rules = parts.route.authorization
    if rules is not None:
        for check in checks_of(rules, partial(parts.place, "authorization")):
            yield Placed(Step("authorise", check.run, check.shadow, check.needs), check.place)


def _limits(parts: Parts) -> RouteLimits:
    names = methods_of(parts.route, list(parts.methods))
    shadow = "shadow" in (parts.route.mode, parts.loaded.gateway.mode)
    own = parts.route.rate_limit
    name, place = (parts.route.id, parts.place("rate_limit")) if own is not None else ("", "")
    return limits_of(parts.loaded, own, name, place, bool(names), shadow)


def limits_of(
    loaded: Loaded, own: RateLimit | None, route_id: str, own_place: str, identified: bool, shadow: bool
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


def charge_step(name: str, limits: RouteLimits, point: ChargePoint | None) -> Iterator[Placed]:
    """The step of a charge point, where there is one."""
    if point is not None:
        yield Placed(Step(name, point, needs=Needs(client_address=True)), limits.place)


def _by_address(parts: Parts) -> Iterator[Placed]:
    limits = _limits(parts)
    return charge_step(BY_ADDRESS, limits, _point(parts, limits, RouteLimits.by_address))


def _by_identity(parts: Parts) -> Iterator[Placed]:
    limits = _limits(parts)
    return charge_step(BY_IDENTITY, limits, _point(parts, limits, RouteLimits.by_identity))


def _point(parts: Parts, limits: RouteLimits, make: Callable[[RouteLimits], ChargePoint | None]) -> ChargePoint | None:
    """Routes without a limit of their own share what the global one asks of them."""
    return parts.once((make, limits), lambda: make(limits)) if limits.own is None else make(limits)


def _metadata(parts: Parts) -> Iterator[Placed]:
    resource = parts.route.protected_resource
    if resource is not None:
        issuers = dict.fromkeys(getattr(method, "issuer", None) for method in parts.loaded.gateway.authentication)
        run = metadata_step(resource, [issuer for issuer in issuers if issuer])
        yield Placed(Step("metadata", run), parts.place("protected_resource"))


def _split(parts: Parts) -> Iterator[Placed]:
    split = parts.route.traffic_split
    if split is not None:
        step = Step("split", split_step(split, parts.route.id), needs=needs_of(split))
        yield Placed(step, parts.place("traffic_split"))


ORDER: tuple[Row, ...] = (
    Row(
        BY_ADDRESS,
        "before authentication, so that a flood costs no look at a credential",
        _by_address,
    ),
    Row("authenticate", "who it is decides what it may do and which buckets are its own", _authenticate),
    Row("authorise", "before limits by identity, so that what is forbidden costs its user no quota", _authorise),
    Row(
        BY_IDENTITY,
        "rates and quotas of one identity in one charge, after all that may still refuse it",
        _by_identity,
    ),
    Row("metadata", "an answer of our own, for whoever may ask for it", _metadata),
    Row("split", "where to, for what may pass; nobody refused takes a turn", _split),
)
