"""URLs that the policy itself calls."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def url_fault(url: str, *, allow_http: bool = False) -> str | None:
    """Why a URL must not be called, None where it may: without TLS anybody on the way could answer for the issuer."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return "is no URL"
    if parts.scheme not in ("http", "https") or not host or not url.isascii() or not url.isprintable() or " " in url:
        return "must be an https URL"
    if parts.username is not None or parts.fragment:
        return "must hold no user and no fragment"
    if parts.scheme == "http" and not allow_http and not _loopback(host):
        return "must be https; `allow_http: true` lets plain http be used, where the network itself is trusted"
    return None


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
