"""Who makes a request, and the outcomes of asking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

NO_CLAIMS: Mapping[str, Any] = MappingProxyType({})


# An identity is asked about few routes; one that outlives its policies forgets those of old ones.
MAX_MEMOS = 64


@dataclass(frozen=True, slots=True)
class Figures:
    """Limits that stand in a credential or its tier; None where it has none. Counts; rates are a minute's."""

    requests_per_minute: int | None = None
    burst: int | None = None
    daily_quota: int | None = None
    monthly_quota: int | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """An authenticated user. `credential_id` names the key or the token's `jti`, never the secret itself.

    `memo` is for what follows from this identity alone, so that it is worked out once; whoever adds to it when it has
    `MAX_MEMOS` empties it first.
    """

    user_id: str
    method: str
    tenant: str | None = None
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    tier: str | None = None
    credential_id: str = ""
    claims: Mapping[str, Any] = field(default_factory=lambda: NO_CLAIMS, repr=False)
    figures: Figures | None = None
    memo: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """The credential was this method's and is no good. `why` goes to `explain` and never to the client.

    `challenge` is the `WWW-Authenticate` value; `headers` go with the answer as well (`retry-after`).
    """

    code: str
    why: str
    challenge: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class NotMine:
    """No credential of this method. `refusal` is given where a credential of its form was there but not for it."""

    refusal: Refused | None = None


NOT_MINE = NotMine()


def claim_of(claims: Mapping[str, Any], name: str) -> Any:
    """The claim of a name, or of a dotted path into objects; None where it is absent."""
    if name in claims:
        return claims[name]
    if "." not in name:
        return None
    value: Any = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
