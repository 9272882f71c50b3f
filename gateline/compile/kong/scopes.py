"""What plugins a route of a Kong file meets: those of its own, of its service, and the global ones.

Kong runs one instance of a plugin per request, the most specific: one on the route replaces the service's and the
global one. An instance that is not enabled is as if it were not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False, slots=True)
class Scope:
    """A place where plugins stand: everywhere (`owner` None), a service or a route.

    `plugins` is the list of the file that new ones would be added to, `None` where the file has none there yet; `found`
    holds every plugin of the scope, wherever it stands.
    """

    kind: str
    owner: Any
    above: Scope | None = None
    found: list[Any] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What people call it."""
        if self.owner is None:
            return "all routes"
        return f"{self.kind} {reference(self.owner) or '(without a name)'}"

    def own(self, plugin: str) -> Any | None:
        """The plugin of that name that stands here."""
        return next((one for one in self.found if one.get("name") == plugin), None)

    def effective(self, plugin: str) -> tuple[Scope, Any] | None:
        """The plugin of that name that runs for requests of this scope, and where it stands."""
        own = self.own(plugin)
        if own is not None:
            return self, own
        return self.above.effective(plugin) if self.above is not None else None

    def lineage(self) -> Iterator[Scope]:
        """This scope and those above it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.above


@dataclass(frozen=True, slots=True)
class Scopes:
    """The scopes of one file; `others` are plugins of consumers, which belong to no route."""

    everywhere: Scope
    services: tuple[Scope, ...]
    routes: tuple[Scope, ...]
    others: tuple[Any, ...]

    @property
    def all(self) -> tuple[Scope, ...]:
        """Every scope, the general first."""
        return (self.everywhere, *self.services, *self.routes)


def scopes_of(document: Any) -> Scopes:
    """The scopes of a declarative file (`_format_version` 3.0 and before)."""
    everywhere = Scope("global", None)
    services = [Scope("service", service, everywhere) for service in document.get("services") or ()]
    routes = [Scope("route", route, service) for service in services for route in service.owner.get("routes") or ()]
    for route in document.get("routes") or ():
        above = _named(services, route.get("service"))
        routes.append(Scope("route", route, above or everywhere))
    others: list[Any] = []
    for scope in (*services, *routes):
        for plugin in scope.owner.get("plugins") or ():
            _place(plugin, scope, services, routes, others)
    for plugin in document.get("plugins") or ():
        _place(plugin, everywhere, services, routes, others)
    for kind in ("consumers", "consumer_groups"):
        for owner in document.get(kind) or ():
            others += [plugin for plugin in owner.get("plugins") or () if enabled(plugin)]
    return Scopes(everywhere, tuple(services), tuple(routes), tuple(others))


def _place(plugin: Any, scope: Scope, services: list[Scope], routes: list[Scope], others: list[Any]) -> None:
    if not enabled(plugin):
        return
    if plugin.get("consumer") or plugin.get("consumer_group"):
        others.append(plugin)
        return
    found = _named(routes, plugin.get("route")) or _named(services, plugin.get("service")) or scope
    found.found.append(plugin)


def enabled(plugin: Any) -> bool:
    """Whether Kong runs it."""
    return plugin.get("enabled") is not False


def reference(entity: Any) -> str:
    """An entity's name, else its id, else nothing."""
    return str(entity.get("name") or entity.get("id") or "")


def _named(scopes: list[Scope], wanted: Any) -> Scope | None:
    """The scope that a foreign key names: a bare name or id, or a table of one of them."""
    if isinstance(wanted, dict):
        wanted = wanted.get("name") or wanted.get("id")
    if not wanted:
        return None
    return next((s for s in scopes if str(wanted) in (s.owner.get("name"), s.owner.get("id"))), None)
