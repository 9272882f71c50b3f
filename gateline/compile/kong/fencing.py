"""Writes the fences into a Kong file, and says what no fence can guard.

A post-function on a route or service replaces the global one, so every one that a route of ours may meet gets its
fence, as its first element. Where there is none, one is added in the most general place that holds a plugin of ours.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from gateline.compile.kong.fence import PLUGINS, fence_lua, is_fence
from gateline.compile.kong.scopes import Scope, Scopes, reference, scopes_of
from gateline.compile.kong.unshare import unshare

POST_FUNCTION = "post-function"
SPLIT = "traffic-split"
# They answer in the access phase, before post-function (priority -1000) and behind ours.
ENDING = ("proxy-cache", "proxy-cache-advanced", "request-termination", "aws-lambda", "azure-functions", "mocking")


@dataclass(frozen=True, slots=True)
class Fence:
    """One fence: the scope whose post-function holds it, and its Lua."""

    scope: Scope
    lua: str


def expected_on(route: Scope) -> frozenset[str]:
    """The plugins of ours that a route meets."""
    return frozenset(name for name in PLUGINS if route.effective(name) is not None)


def fences(scopes: Scopes) -> list[Fence]:
    """Every fence that the file must have."""
    homes: dict[int, tuple[Scope, list[Scope]]] = {}
    made: set[int] = set()
    for route in scopes.routes:
        if not expected_on(route):
            continue
        home = _home(route, made)
        homes.setdefault(id(home), (home, []))
    for home, covered in homes.values():
        covered += [route for route in scopes.routes if _home(route, made) is home]
    return [Fence(home, _lua(home, covered)) for home, covered in homes.values()]


def _home(route: Scope, made: set[int]) -> Scope:
    """Where the post-function of a route stands, or is to stand."""
    for scope in route.lineage():
        if scope.own(POST_FUNCTION) is not None or id(scope) in made:
            return scope
    homes = [scope for scope in route.lineage() if any(scope.own(name) for name in PLUGINS)]
    if not homes:
        return route
    made.add(id(homes[-1]))
    return homes[-1]


def _lua(home: Scope, covered: list[Scope]) -> str:
    """The fence of one home: what stands there or above is expected everywhere, the rest route by route."""
    common = frozenset(name for name in PLUGINS if home.effective(name) is not None)
    more = {reference(route.owner): expected_on(route) - common for route in covered}
    return fence_lua(common, {name: plugins for name, plugins in more.items() if plugins})


def faults(scopes: Scopes) -> Iterator[str]:
    """What no fence can guard."""
    for plugin in scopes.others:
        if plugin.get("name") in PLUGINS:
            yield (
                f"{plugin['name']} of a consumer: it would run for some requests of a route and not for others, "
                "so that no fence could expect it; put it on the route, the service, or everywhere"
            )
    for route in scopes.routes:
        ours = expected_on(route)
        if not ours:
            continue
        for name in ENDING:
            if route.effective(name) is not None:
                yield (
                    f"{route.name}: {name} answers before the fence is asked, so that nobody notices when "
                    f"{', '.join(sorted(ours))} did not run"
                )
        if SPLIT in ours and (service := _addressed(route)) is not None:
            yield (
                f"{route.name}: {SPLIT} on {service.name}, whose host is an address: Kong would connect to the name of "
                "an upstream and answer 500; give the service an upstream's name as its host"
            )
        home = next((scope for scope in route.lineage() if scope.own(POST_FUNCTION)), route)
        if not reference(route.owner) and home is not route:
            yield f"a route of {home.name} has neither name nor id, so that a fence above it can't know it: name it"


def _addressed(route: Scope) -> Scope | None:
    """The service of a route, where its host is an address: Kong asks its upstreams for names alone."""
    service = next((scope for scope in route.lineage() if scope.kind == "service"), None)
    if service is None:
        return None
    host = str(service.owner.get("host") or urlsplit(str(service.owner.get("url") or "")).hostname or "")
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    return service


def fence_document(document: Any) -> list[str]:
    """Put every fence in its place, and take out what is no longer needed; returns what cannot be guarded."""
    unshare(document, POST_FUNCTION)
    scopes = scopes_of(document)
    wanted = fences(scopes)
    homes = {id(fence.scope): fence for fence in wanted}
    for scope in scopes.all:
        plugin = scope.own(POST_FUNCTION)
        if plugin is not None:
            _set(plugin, homes[id(scope)].lua if id(scope) in homes else None)
    for fence in wanted:
        if fence.scope.own(POST_FUNCTION) is None:
            _add(document if fence.scope.owner is None else fence.scope.owner, fence.lua)
    return list(faults(scopes_of(document)))


def _set(plugin: Any, lua: str | None) -> None:
    config = plugin.get("config")
    if config is None:
        config = plugin["config"] = {}
    access = config.get("access")
    if not access:
        if lua is not None:
            config["access"] = [lua]
        return
    first = [index for index, element in enumerate(access) if is_fence(element)]
    if lua is not None and first == [0] and str(access[0]) == lua:
        return
    for index in reversed(first):
        del access[index]
    if lua is not None:
        if hasattr(access, "fa"):  # ruamel's list: in `[a, b]` the Lua would be one endless line
            access.fa.set_block_style()
        access.insert(0, lua)


def _add(owner: Any, lua: str) -> None:
    plugin = {"name": POST_FUNCTION, "config": {"access": [lua]}}
    if owner.get("plugins") is None:
        owner["plugins"] = [plugin]
    else:
        owner["plugins"].append(plugin)
