"""OpenID Connect Discovery 1.0 and RFC 8414: where an issuer publishes its keys."""

from __future__ import annotations

import json
from typing import Any

from gateline.schema.url import url_fault

WELL_KNOWN = "/.well-known/openid-configuration"


class DiscoveryError(ValueError):
    """A document that does not tell where the keys are."""


def discovery_url_of(issuer: str) -> str:
    """The issuer's document (Discovery 1.0 §4: any trailing slash goes first)."""
    return issuer.rstrip("/") + WELL_KNOWN


def document_from(body: bytes, issuer: str) -> dict[str, Any]:
    """The document, which must be this issuer's own (Discovery 1.0 §4.3, RFC 8414 §3.3)."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise DiscoveryError("is no JSON") from None
    if not isinstance(document, dict):
        raise DiscoveryError("is no JSON object")
    if document.get("issuer") != issuer:
        raise DiscoveryError(f"is the document of another issuer than {issuer}")
    return document


def jwks_url_from(body: bytes, issuer: str, *, allow_http: bool) -> str:
    """`jwks_uri` of a discovery document."""
    return endpoint_of(document_from(body, issuer), "jwks_uri", allow_http=allow_http)


def endpoint_of(document: dict[str, Any], name: str, *, allow_http: bool) -> str:
    """A URL of the document, else `DiscoveryError`."""
    url = document.get(name)
    if not isinstance(url, str):
        raise DiscoveryError(f"names no {name}")
    if fault := url_fault(url, allow_http=allow_http):
        raise DiscoveryError(f"has a {name} that {fault}")
    return url
