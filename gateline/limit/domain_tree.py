"""Finds the limit of a descriptor, as envoyproxy/ratelimit does.

On each level: the exact value, then the first pattern that fits, then the key alone; there is no way back. The depth
must be the descriptor's own: a limit that stands higher or lower is none of its.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateline.limit.domains import MAX_UINT32, UNITS, Descriptor, Domain
from gateline.limit.subject import safe

Entry = tuple[str, str]


@dataclass(frozen=True, slots=True)
class DomainLimit:
    """The limit of one descriptor. `key` names its window in the store, values included."""

    requests: int
    unit: str
    key: str = ""
    unlimited: bool = False
    shadow: bool = False
    name: str = ""
    replaces: tuple[str, ...] = ()

    @property
    def figures(self) -> tuple[int, int]:
        """Those of `fixed_window`."""
        return self.requests, UNITS[self.unit]


@dataclass(slots=True)
class _Node:
    limit: DomainLimit | None = None
    shared: str = ""
    children: dict[Entry, _Node] = field(default_factory=dict)
    patterns: list[tuple[str, Sequence[str], _Node]] = field(default_factory=list)

    def step(self, key: str, value: str) -> _Node | None:
        """The child of an entry."""
        found = self.children.get((key, value)) if value else None
        if found is not None:
            return found
        for pattern_key, parts, child in self.patterns:
            if pattern_key == key and matches(parts, value):
                return child
        return self.children.get((key, ""))


class DomainTree:
    """The limits of one domain."""

    def __init__(self, domain: Domain, namespace: str, *, hidden: bool = False) -> None:
        """`hidden`: the whole gateway is in shadow, and counts apart."""
        self._root = _node(None, domain.descriptors)
        self._hidden = hidden
        self._head = f"gl:{namespace}:{{domain:{safe(domain.domain)}}}:"

    def find(self, entries: Sequence[Entry]) -> DomainLimit | None:
        """The limit of a descriptor; None where it has none."""
        node, shown = self._root, []
        for key, value in entries:
            child = node.step(key, value)
            if child is None:
                return None
            shown.append((key, child.shared or value))
            node = child
        return None if node.limit is None else self._keyed(node.limit, shown)

    def overridden(self, entries: Sequence[Entry], requests: int, unit: str) -> DomainLimit:
        """The limit that a proxy states itself (`RateLimitDescriptor.limit`)."""
        limit = self._keyed(DomainLimit(requests, unit), entries)
        # Proxies may state different limits for one descriptor; each has its own count.
        return replace(limit, key=f"{limit.key}:{requests}")

    def _keyed(self, limit: DomainLimit, entries: Iterable[Entry]) -> DomainLimit:
        path = "|".join(f"{safe(key)}={safe(value)}" for key, value in entries)
        shadow = "shadow:" if limit.shadow or self._hidden else ""
        return replace(limit, key=f"{self._head}{shadow}fixed_window:{_short(path)}:{limit.unit}")


def trees_of(domains: Iterable[Domain], namespace: str, *, hidden: bool) -> Mapping[str, DomainTree]:
    """The tree of each domain, by its name."""
    return {domain.domain: DomainTree(domain, namespace, hidden=hidden) for domain in domains}


def matches(parts: Sequence[str], value: str) -> bool:
    """Whether a value fits a pattern that was split at its `*`; each of them stands for any text."""
    first, *middle, last = parts
    if len(value) < len(first) + len(last) or not value.startswith(first) or not value.endswith(last):
        return False
    at, end = len(first), len(value) - len(last)
    for part in middle:
        found = value.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _node(descriptor: Descriptor | None, descriptors: Sequence[Descriptor]) -> _Node:
    node = _Node()
    if descriptor is not None:
        node.shared = descriptor.value if descriptor.share_threshold else ""
        limit = descriptor.rate_limit
        if limit is not None:
            replaces = tuple(replaced.name for replaced in limit.replaces)
            requests = MAX_UINT32 if limit.unlimited else limit.requests_per_unit
            node.limit = DomainLimit(
                requests,
                limit.unit or "",
                unlimited=limit.unlimited,
                shadow=descriptor.shadow_mode,
                name=limit.name,
                replaces=replaces,
            )
    for child in descriptors:
        made = _node(child, child.descriptors)
        node.children[child.key, child.value] = made
        if "*" in child.value:
            node.patterns.append((child.key, child.value.split("*"), made))
    return node


def _short(path: str) -> str:
    return path if len(path) <= 256 else safe(path)
