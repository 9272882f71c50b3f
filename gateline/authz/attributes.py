"""What a condition may ask about: Envoy's attribute names (envoy: "Attributes"), and `identity.*`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from gateline.context import Context
from gateline.values.identity import Identity
from gateline.values.request import Needs

NOBODY: Final = Identity("", "")


class Attribute(NamedTuple):
    """`kind` is the CEL type's name; `read` gives the value; `needs` says what an adapter must fetch for it.

    A `lasting` value is hashable and often the same from one request to the next.
    """

    kind: str
    read: Callable[[Context], Any]
    needs: Needs = Needs()
    lasting: bool = True


def text(value: str) -> str:
    """The value as Unicode: bytes that are no UTF-8 become U+FFFD, which no condition asks for."""
    return value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _identity(context: Context) -> Identity:
    return context.identity or NOBODY


def _headers(context: Context) -> dict[str, str]:
    """Values of one name joined as RFC 9110 §5.3 has it."""
    found: dict[str, str] = {}
    for name, value in context.request.headers.items():
        found[name] = f"{found[name]},{text(value)}" if name in found else text(value)
    return found


def headers_named(names: frozenset[str]) -> Attribute:
    """`request.headers` with those names alone: what a condition asks for by a literal. Read as pairs."""
    ordered = tuple(sorted(names))

    def read(context: Context) -> tuple[tuple[str, str], ...]:
        headers = context.request.headers
        return tuple((name, text(",".join(headers.all(name)))) for name in ordered if name in headers)

    return Attribute("HEADERS", read, Needs(headers=names))


def as_cel(value: Any) -> Any:
    """A value as the library takes it: dict and list, and nothing of their kin."""
    if isinstance(value, frozenset):
        return list(value)
    return dict(value) if isinstance(value, tuple) else value


ATTRIBUTES: Final[dict[str, Attribute]] = {
    "request.method": Attribute("STRING", lambda context: context.request.method, Needs(method=True)),
    "request.path": Attribute("STRING", lambda context: text(context.request.target), Needs(query=True)),
    "request.url_path": Attribute("STRING", lambda context: text(context.path)),
    "request.query": Attribute(
        "STRING", lambda context: text(context.request.target.partition("?")[2]), Needs(query=True)
    ),
    "request.host": Attribute("STRING", lambda context: text(context.request.host)),
    "request.scheme": Attribute("STRING", lambda context: context.request.scheme, Needs(scheme=True)),
    "request.headers": Attribute("HEADERS", _headers, Needs(headers="all"), lasting=False),
    "request.referer": Attribute(
        "STRING",
        lambda context: text(context.request.headers.first("referer") or ""),
        Needs(headers=frozenset({"referer"})),
    ),
    "request.useragent": Attribute(
        "STRING",
        lambda context: text(context.request.headers.first("user-agent") or ""),
        Needs(headers=frozenset({"user-agent"})),
    ),
    "request.id": Attribute("STRING", lambda context: text(context.request.request_id), lasting=False),
    "request.time": Attribute(
        "TIMESTAMP", lambda context: datetime.fromtimestamp(context.request.now, UTC), lasting=False
    ),
    "source.address": Attribute("STRING", lambda context: context.client, Needs(client_address=True)),
    "connection.mtls": Attribute(
        "BOOL", lambda context: context.request.certificate is not None, Needs(certificate=True)
    ),
    "identity.user_id": Attribute("STRING", lambda context: _identity(context).user_id),
    "identity.tenant": Attribute("STRING", lambda context: _identity(context).tenant or ""),
    "identity.tier": Attribute("STRING", lambda context: _identity(context).tier or ""),
    "identity.method": Attribute("STRING", lambda context: _identity(context).method),
    "identity.credential_id": Attribute("STRING", lambda context: _identity(context).credential_id),
    "identity.scopes": Attribute("STRINGS", lambda context: _identity(context).scopes),
    "identity.roles": Attribute("STRINGS", lambda context: _identity(context).roles),
    "identity.groups": Attribute("STRINGS", lambda context: _identity(context).groups),
    "identity.claims": Attribute("CLAIMS", lambda context: dict(_identity(context).claims), lasting=False),
}
