"""Claims to identity: which claim holds what, and of what kind it must be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from gateline.schema.model import Model
from gateline.values.identity import Identity, claim_of

ClaimName = Annotated[str, Field(min_length=1, max_length=256)]
MAX_ID_LENGTH = 256
_EMPTY = frozenset({""})


class WrongClaimError(ValueError):
    """A claim that is missing or of the wrong kind; the message names it and quotes nothing of it."""


class Claims(Model):
    """Field of the identity → claim. A dot leads into an object (`realm_access.roles`) unless a claim has that name."""

    user_id: ClaimName = "sub"
    scopes: ClaimName = "scope"
    tenant: ClaimName = "tenant"
    roles: ClaimName = "roles"
    groups: ClaimName = "groups"
    tier: ClaimName = "tier"


def identity_from(claims: Mapping[str, Any], names: Claims, method: str) -> Identity:
    """The identity that verified claims give, else `WrongClaimError`."""
    user_id = _text(claims, names.user_id)
    if not user_id:
        raise WrongClaimError(f"the claim {names.user_id} is missing")
    return Identity(
        user_id=user_id,
        method=method,
        tenant=_text(claims, names.tenant),
        scopes=_words(claims, names.scopes),
        roles=_words(claims, names.roles),
        groups=_words(claims, names.groups),
        tier=_text(claims, names.tier),
        credential_id=_text(claims, "jti") or "",
        claims=claims,
    )


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    """A text that may travel in a header: an identity that could not be told to the upstream is none."""
    value = claim_of(claims, name)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID_LENGTH or not value.isprintable():
        raise WrongClaimError(f"the claim {name} is no printable text of 1 to {MAX_ID_LENGTH} characters")
    return value


def _words(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    """A list of texts, or one text of words between single spaces (RFC 6749 §3.3), and of nothing else."""
    value = claim_of(claims, name)
    if value is None:
        return frozenset()
    if isinstance(value, str):
        words, printable = value.split(" "), value.isprintable()
    else:
        words = value
        printable = isinstance(words, list) and all(isinstance(word, str) and word.isprintable() for word in words)
    if not printable:
        raise WrongClaimError(f"the claim {name} is neither text nor a list of texts")
    return frozenset(words) - _EMPTY
