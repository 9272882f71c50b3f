"""What a client with a bearer token is told (RFC 6750 §3), and where it may learn more (RFC 9728 §5.1)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from gateline.schema.url import url_fault
from gateline.values.identity import Refused


def _metadata_url(url: str) -> str:
    if fault := url_fault(url):
        raise ValueError(fault)
    if '"' in url or "\\" in url:
        raise ValueError("must hold no quote and no backslash")
    return url


MetadataUrl = Annotated[str, AfterValidator(_metadata_url)] | None


class Bearer:
    """Challenges of a method; `metadata_url` tells clients where the resource's metadata stands."""

    __slots__ = ("_invalid", "challenge")

    def __init__(self, metadata_url: str | None = None) -> None:
        parameter = f'resource_metadata="{metadata_url}"' if metadata_url else ""
        # RFC 6750 §3.1: a request without credentials is told no error.
        self.challenge = f"Bearer {parameter}" if parameter else "Bearer"
        self._invalid = ", ".join(part for part in ('Bearer error="invalid_token"', parameter) if part)

    def refused(self, code: str, why: str) -> Refused:
        """A refusal of a token."""
        return Refused(code, why, self._invalid)

    def invalid(self, why: str) -> Refused:
        """A token that is no good."""
        return self.refused("invalid_token", why)
