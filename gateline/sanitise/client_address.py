"""The client's address, counted from the right of X-Forwarded-For over the hops that we trust."""

from __future__ import annotations

import ipaddress

from gateline.values.request import Request


def client_address(request: Request, trusted_hops: int) -> str:
    """The address that the outermost trusted hop saw, without its port.

    With `trusted_hops` 0 that is the peer. A request with fewer entries than hops, or with one that is no address, did
    not come the trusted way: then, too, the peer is the client. A proxy that has already appended the peer itself
    (Envoy with `use_remote_address`) adds no hop.
    """
    if trusted_hops == 0:
        return request.peer
    entries = [entry.strip() for value in request.headers.all("x-forwarded-for") for entry in value.split(",")]
    if entries and _address(entries[-1]) == request.peer:
        entries.pop()
    if len(entries) < trusted_hops:
        return request.peer
    return _address(entries[-trusted_hops]) or request.peer


def _address(entry: str) -> str | None:
    """`192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` and `[2001:db8::1]:80` without port; None where it is no address."""
    if entry.startswith("["):
        entry = entry[1:].partition("]")[0]
    elif entry.count(":") == 1:
        entry = entry.partition(":")[0]
    try:
        return str(ipaddress.ip_address(entry))
    except ValueError:
        return None
