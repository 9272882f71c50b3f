"""What no single descriptor can see: names that must be unique, and names that must exist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateline.limit.domains import Descriptor, Domain
from gateline.values.errors import Fault, Path


def faults_of(domains: Sequence[Domain]) -> Iterator[Fault]:
    """Every fault of all domains."""
    seen: set[str] = set()
    for index, domain in enumerate(domains):
        path: Path = ("domains", index)
        if domain.domain in seen:
            yield Fault((*path, "domain"), f"stands here twice: `{domain.domain}`; put its descriptors together")
        seen.add(domain.domain)
        yield from _twice(domain.descriptors, (*path, "descriptors"))
        names = set(_names(domain.descriptors))
        yield from _unheard_of(domain.descriptors, (*path, "descriptors"), names)


def _twice(descriptors: Sequence[Descriptor], path: Path) -> Iterator[Fault]:
    seen: set[tuple[str, str]] = set()
    for index, descriptor in enumerate(descriptors):
        here = (descriptor.key, descriptor.value)
        if here in seen:
            value = f" with the value `{descriptor.value}`" if descriptor.value else ""
            yield Fault((*path, index), f"is a second descriptor `{descriptor.key}`{value} on this level")
        seen.add(here)
        yield from _twice(descriptor.descriptors, (*path, index, "descriptors"))


def _names(descriptors: Sequence[Descriptor]) -> Iterator[str]:
    for descriptor in descriptors:
        if descriptor.rate_limit is not None and descriptor.rate_limit.name:
            yield descriptor.rate_limit.name
        yield from _names(descriptor.descriptors)


def _unheard_of(descriptors: Sequence[Descriptor], path: Path, names: set[str]) -> Iterator[Fault]:
    for index, descriptor in enumerate(descriptors):
        limit = descriptor.rate_limit
        for at, replaced in enumerate(limit.replaces if limit is not None else ()):
            if replaced.name not in names:
                place = (*path, index, "rate_limit", "replaces", at, "name")
                yield Fault(place, f"replaces `{replaced.name}`, but no limit of this domain is called so")
        yield from _unheard_of(descriptor.descriptors, (*path, index, "descriptors"), names)
