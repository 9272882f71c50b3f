"""Where a request presents an API key: a header, a cookie, a query parameter; one of them, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from gateline.context import Context
from gateline.values.identity import Refused

MAX_PARAMETERS = 200


@dataclass(frozen=True, slots=True)
class Places:
    """Lower-case header name, cookie name, parameter name; empty where a place is not looked at."""

    header: str
    cookie: str
    query: str

    def find(self, context: Context) -> str | Refused | None:
        """The key as it was presented; two of them are refused, since the next hop might take the other one."""
        headers = context.request.headers
        found = list(headers.all(self.header)) if self.header else []
        if self.cookie:
            found += _cookies(self.cookie, headers.all("cookie"))
        if self.query:
            parameters = _parameters(self.query, context.request.target)
            if isinstance(parameters, Refused):
                return parameters
            found += parameters
        if len(found) > 1:
            return Refused("malformed_request", f"{len(found)} API keys in one request")
        return found[0] if found else None


def _cookies(name: str, lines: Sequence[str]) -> list[str]:
    """Cookie pairs of a name (RFC 6265 §4.2.1; several header lines are HTTP/2's way, RFC 9113 §8.2.3)."""
    pairs = (pair.strip(" \t").partition("=") for line in lines for pair in line.split(";"))
    return [value.strip('"') for found, _, value in pairs if found == name]


def _parameters(name: str, target: str) -> list[str] | Refused:
    query = target.partition("?")[2]
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS, errors="surrogateescape")
    except ValueError:
        return Refused("malformed_request", f"more than {MAX_PARAMETERS} query parameters")
    return [value for found, value in pairs if found == name]
