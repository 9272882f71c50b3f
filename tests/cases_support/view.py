"""What a client and an upstream saw of one request, and whether that is what a row expects."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from tests.cases_support.table import Expect, Matches


@dataclass(frozen=True, slots=True)
class Upstream:
    """The request as the upstream received it; header names in lower case."""

    path: str
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class View:
    """The answer as the client received it. `upstream` is None where none was asked."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    upstream: Upstream | None


def differences(view: View, expect: Expect) -> list[str]:
    """Everything in which a view is not what the row expects."""
    found = []
    if view.status != expect.status:
        found.append(f"status {view.status}, expected {expect.status}; body {view.body[:300]!r}")
    if expect.code is not None and (code := _code(view.body)) != expect.code:
        found.append(f"code {code}, expected {expect.code}")
    if expect.body is not None and view.body.decode(errors="replace") != expect.body:
        found.append(f"body {view.body!r}, expected {expect.body!r}")
    for name, wanted in expect.headers.items():
        values = [value for key, value in view.headers if key == name.lower()]
        if not _fits(values, wanted):
            found.append(f"response header {name}: {values}, expected {wanted}")
    return found + _upstream_differences(view, expect)


def _upstream_differences(view: View, expect: Expect) -> list[str]:
    wanted = expect.upstream
    if wanted is None:
        allowed = expect.status < 400
        return [] if allowed or view.upstream is None else ["the upstream was asked, though the request is refused"]
    if view.upstream is None:
        return ["the upstream was not asked"]
    found = []
    if wanted.path is not None and view.upstream.path != wanted.path:
        found.append(f"upstream path {view.upstream.path}, expected {wanted.path}")
    for name, value in wanted.headers.items():
        values = [v for key, v in view.upstream.headers if key == name.lower()]
        if values != [value]:
            found.append(f"upstream header {name}: {values}, expected {value!r} alone")
    arrived = {name for name, _ in view.upstream.headers}
    return found + [f"upstream header {name} is there" for name in wanted.absent if name.lower() in arrived]


def _fits(values: list[str], wanted: str | Matches | None) -> bool:
    if wanted is None:
        return not values
    if isinstance(wanted, Matches):
        return len(values) > 0 and re.fullmatch(wanted.matches, ", ".join(values)) is not None
    return values == [wanted]


def _code(body: bytes) -> str | None:
    try:
        code = json.loads(body).get("code")
    except (ValueError, AttributeError):
        return None
    return str(code)
