"""A route's conditions as Envoy matches them, exactly as `gateline.route` does.

Everything beside the path is a header matcher: host and query too (`:authority`, `:path`), since Envoy's own query
matcher neither decodes nor sees a second value, and its virtual hosts would go before path and conditions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from envoy_data_plane.envoy.config.route.v3 import HeaderMatcher, RouteMatch
from envoy_data_plane.envoy.type.matcher.v3 import RegexMatcher, StringMatcher

from gateline.route.conditions import Condition, Present
from gateline.route.router import Match


def route_match(match: Match) -> RouteMatch:
    """The whole match of a route."""
    headers = [_methods(match.methods)]
    if match.hosts:
        headers.append(_regex(":authority", host_pattern(match.hosts)))
    for name, condition in match.headers:
        headers.append(_header(name, condition))
    for name, condition in match.query:
        headers.extend(_query(name, condition))
    if match.exact:
        return RouteMatch(path=match.path, headers=headers)
    if match.path == "/":
        return RouteMatch(prefix="/", headers=headers)
    return RouteMatch(path_separated_prefix=match.path, headers=headers)


def quote(text: str) -> str:
    """A text as a pattern of RE2 that matches just it."""
    return re.sub(r"[.^$*+?()\[\]{}|\\]", r"\\\g<0>", text)


def host_pattern(hosts: tuple[str, ...]) -> str:
    """Any of these hosts, in any case, with or without final dot and port."""
    names = "|".join(rf"([^:\[][^:]*)?{quote(host[1:])}" if host[0] == "*" else quote(host) for host in hosts)
    return rf"(?i)({names})\.?(:.*)?"


def _methods(methods: frozenset[str]) -> HeaderMatcher:
    if len(methods) == 1:
        return _exact(":method", *methods)
    return _regex(":method", "|".join(sorted(methods)))


def _header(name: str, condition: Condition) -> HeaderMatcher:
    if isinstance(condition, Present):
        return HeaderMatcher(name=name, present_match=True, invert_match=not condition.present)
    return _exact(name, condition) if condition else _regex(name, "^$")


def _query(name: str, condition: Condition) -> Iterator[HeaderMatcher]:
    """Once and with this value, however it is escaped (x-www-form-urlencoded, as `parse_qsl` reads it)."""
    key = _escaped(name)
    if isinstance(condition, Present):
        yield _regex(":path", _field(f"{key}(=[^&]*)?"), invert=not condition.present)
        return
    yield _regex(":path", _field(f"{key}={_escaped(condition, plain='=')}" if condition else f"{key}=?"))
    yield _regex(":path", _field(f"{key}(=[^&]*)?&(.*&)?{key}(=[^&]*)?"), invert=True)


def _field(pattern: str) -> str:
    return rf"[^?]*\?(.*&)?{pattern}(&.*)?"


def _escaped(text: str, plain: str = "") -> str:
    """A text of a query with each character plain or percent-encoded; a space may be a plus.

    `plain` holds delimiters that may stand for themselves here.
    """
    return "".join(_escapable(char, plain) for char in text)


def _escapable(char: str, plain: str) -> str:
    code = "".join(f"%{byte:02X}" for byte in char.encode())
    code = re.sub(r"[A-F]", lambda digit: f"[{digit[0]}{digit[0].lower()}]", code)
    if char == " ":
        return rf"(\+|{code})"
    if (char in "&=+%#" and char not in plain) or ord(char) <= 0x20:
        return code
    return f"({quote(char)}|{code})"


def _exact(name: str, value: str) -> HeaderMatcher:
    return HeaderMatcher(name=name, string_match=StringMatcher(exact=value))


def _regex(name: str, pattern: str, *, invert: bool = False) -> HeaderMatcher:
    matcher = StringMatcher(safe_regex=RegexMatcher(regex=pattern))
    return HeaderMatcher(name=name, string_match=matcher, invert_match=invert)
