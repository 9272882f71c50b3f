"""The step that chooses a request's upstream."""

from __future__ import annotations

from collections.abc import Callable

from gateline.context import Context
from gateline.split.config import ByHeader, TrafficSplit
from gateline.split.share import Turns, point_of
from gateline.values.request import Needs


def split_step(split: TrafficSplit, route_id: str) -> Callable[[Context], None]:
    """Sets `context.upstream`. Who has no user, or not the header, takes its turn."""
    shares, turns = split.shares, Turns(salt_of(split, route_id))
    salt, subject = salt_of(split, route_id), _subject_of(split)

    def choose(context: Context) -> None:
        who = subject(context)
        context.upstream = shares.at(point_of(who, salt) if who else turns.next())
        if context.notes is not None:
            context.explain(f"upstream {context.upstream}{' by hash' if who else ' in turn'}")

    return choose


def salt_of(split: TrafficSplit, route_id: str) -> str:
    """What is hashed beside the subject."""
    return route_id if split.salt is None else split.salt


def needs_of(split: TrafficSplit) -> Needs:
    """What the step reads of a request."""
    if isinstance(split.sticky_by, ByHeader):
        return Needs(headers=frozenset({split.sticky_by.header}))
    return Needs(client_address=split.sticky_by == "ip")


def _subject_of(split: TrafficSplit) -> Callable[[Context], str]:
    by = split.sticky_by
    if isinstance(by, ByHeader):
        name = by.header
        return lambda context: context.request.headers.first(name) or ""
    if by == "user_id":
        return lambda context: context.identity.user_id if context.identity is not None else ""
    return (lambda context: context.client) if by == "ip" else (lambda _: "")
