"""A request of Kong's as a `Request`."""

from __future__ import annotations

import re
from typing import Any

from gateline.context import Context
from gateline.values.headers import Headers, to_bytes
from gateline.values.request import Certificate, Request
from kong_plugins.adapter.reading import Reading
from kong_plugins.adapter.told import told

# The most that Kong's PDK gives; nginx itself takes as many as fit into its buffers.
MOST_HEADERS = 1000
# Kong decodes what has no meaning of its own before it routes, and encodes it again when it forwards
# (kong.tools.uri): this is what the upstream will get.
_ENCODED = re.compile(rb"[^!#$&'()*+,/:;=?@\[\]A-Za-z0-9\-_.~%]")


class KongRequest(Request):
    """A request with how it was read and the context in which it was judged, for what is told of it afterwards."""

    __slots__ = ("context", "reading")
    context: Context | None
    reading: Reading


class TooManyHeadersError(Exception):
    """More headers than the PDK shows."""


def read(
    kong: Any, reading: Reading, route: str | None, now_unix_s: float, given_address: str | None = None
) -> KongRequest:
    """The request, by the PDK calls that `reading` asks for."""
    headers = Headers(_pairs(told(kong.request.get_headers(MOST_HEADERS))) if reading.headers else ())
    target = escaped(told(kong.request.get_path())) if reading.path else "/"
    if reading.query:
        query = told(kong.request.get_raw_query())
        target = f"{target}?{query}" if query else target
    request = KongRequest(
        method=told(kong.request.get_method()) if reading.method else "",
        target=target,
        host=headers.first("host") or "",
        headers=headers,
        peer=_peer(kong, reading, given_address),
        now=now_unix_s,
        route=route,
        scheme=told(kong.request.get_scheme()) if reading.scheme else "http",
        body=_body(kong) if reading.body else None,
        certificate=_certificate(kong) if reading.certificate else None,
    )
    request.context, request.reading = None, reading
    return request


def nobody(reading: Reading) -> KongRequest:
    """A request of which nothing could be read."""
    request = KongRequest("", "", "", Headers(), "", 0.0)
    request.context, request.reading = None, reading
    return request


def address(kong: Any, *, peer: bool) -> str:
    """The client's address: who connects, or what Kong's own `trusted_ips` make of it."""
    found = told(kong.client.get_ip() if peer else kong.client.get_forwarded_ip())
    return str(found or "")


def _peer(kong: Any, reading: Reading, given: str | None) -> str:
    if given is not None:
        return given
    return address(kong, peer=reading.peer) if reading.address else ""


def escaped(path: str) -> str:
    """Kong's normalised path as it goes on to the upstream."""
    if path.isascii() and path.isalnum():
        return path
    return _ENCODED.sub(lambda found: b"%%%02X" % found[0][0], to_bytes(path)).decode("ascii")


def _pairs(found: Any) -> list[tuple[str, bytes | str]]:
    """Each name with each of its values. Kong gives one value bare or in a list, and `true` for none."""
    pairs: list[tuple[str, bytes | str]] = []
    for name, values in found.items():
        if isinstance(values, list | tuple):
            pairs.extend((name, value) for value in values)
        else:
            pairs.append((name, "" if values is True else values))
    if len(pairs) >= MOST_HEADERS:
        raise TooManyHeadersError
    return pairs


def _body(kong: Any) -> bytes | None:
    body = told(kong.request.get_raw_body(0))
    return body if body is None or isinstance(body, bytes) else to_bytes(body)


def _certificate(kong: Any) -> Certificate | None:
    pem = told(kong.nginx.get_var("ssl_client_raw_cert"))
    if not pem:
        return None
    return Certificate(pem=pem, verified=told(kong.nginx.get_var("ssl_client_verify")) == "SUCCESS")
