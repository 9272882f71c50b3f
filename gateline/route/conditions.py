"""The conditions of a route beside its path: hosts, headers, query."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl

from pydantic import Field, StringConstraints

from gateline.schema.model import Model
from gateline.values.request import Request

MAX_QUERY_FIELDS = 1000


class Present(Model):
    """Only asks whether the field is there."""

    present: bool


Condition = Annotated[str, StringConstraints(max_length=4096)] | Present
HostName = Annotated[
    str,
    StringConstraints(to_lower=True, pattern=r"^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$"),
    Field(description="A host name, or `*.` and one: any host below it."),
]


def host_of(authority: str) -> str:
    """The lower-case host of a Host or `:authority` value, without port and final dot."""
    if authority.startswith("["):
        return authority.partition("]")[0] + "]"
    return authority.partition(":")[0].lower().removesuffix(".")


def host_matches(patterns: tuple[str, ...], host: str) -> bool:
    """Whether any pattern is the host or a `*.` above it; no pattern matches all."""
    return not patterns or any(host.endswith(p[1:]) if p[0] == "*" else host == p for p in patterns)


def _holds(condition: Condition, values: tuple[str, ...]) -> bool:
    if isinstance(condition, Present):
        return bool(values) is condition.present
    # One value, and that one: a second value could be what the upstream reads.
    return values == (condition,)


def headers_match(conditions: tuple[tuple[str, Condition], ...], request: Request) -> bool:
    """Whether every header condition holds."""
    return all(_holds(condition, tuple(request.headers.all(name))) for name, condition in conditions)


def query_matches(conditions: tuple[tuple[str, Condition], ...], request: Request) -> bool:
    """Whether every query condition holds; a query that can't be read matches no condition."""
    if not conditions:
        return True
    try:
        fields = parse_qsl(request.target.partition("?")[2], keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS)
    except ValueError:
        return False
    return all(_holds(wanted, tuple(value for name, value in fields if name == key)) for key, wanted in conditions)
