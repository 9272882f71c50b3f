"""Which verified certificates a policy accepts."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from gateline.authn.certificate.subject import Subject
from gateline.schema.model import Model

Fingerprint = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[0-9a-fA-F:]{64,95}$")]
_LABEL = re.compile(r"[A-Za-z0-9_-]+")


class Allowed(Model):
    """Every list that is given must hold one that fits. `*` stands for the rest at the end of an id, or for the first
    label of a DNS name.
    """

    sans: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    spiffe_ids: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    issuers: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Names as RFC 4514 writes them: `CN=Example CA,O=Example`."""
    fingerprints: Annotated[tuple[Fingerprint, ...], Field(min_length=1)] | None = None
    """SHA-256 in hex, with or without colons."""

    @field_validator("fingerprints")
    @classmethod
    def _bare(cls, given: tuple[str, ...] | None) -> tuple[str, ...] | None:
        bare = None if given is None else tuple(one.replace(":", "") for one in given)
        if bare is not None and any(len(one) != 64 for one in bare):
            raise ValueError("must be 64 hex digits (SHA-256)")
        return bare

    @field_validator("spiffe_ids")
    @classmethod
    def _spiffe(cls, given: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if given is not None and not all(one.startswith("spiffe://") for one in given):
            raise ValueError("must begin with spiffe://")
        return given

    def fault(self, subject: Subject) -> str | None:
        """What does not fit, None where all does."""
        if self.sans is not None and not any(_fits(want, have) for want in self.sans for have in subject.sans):
            return "has none of the accepted alternative names"
        spiffe = subject.spiffe_id
        if self.spiffe_ids is not None and not (spiffe and any(_fits(want, spiffe) for want in self.spiffe_ids)):
            return "has none of the accepted SPIFFE ids"
        if self.issuers is not None and subject.issuer not in self.issuers:
            return "is of another issuer"
        if self.fingerprints is not None and subject.fingerprint not in self.fingerprints:
            return "has another fingerprint"
        return None


def _fits(want: str, have: str) -> bool:
    if "://" in want:
        return have.startswith(want[:-1]) if want.endswith("/*") else have == want
    if want.startswith("*."):
        # Of a DNS name: in `spiffe://other/a.example.com` and `b@c.example.com`, what is before the dot is no label.
        label, _, rest = have.partition(".")
        return _LABEL.fullmatch(label) is not None and rest.lower() == want[2:].lower()
    return have.lower() == want.lower()
