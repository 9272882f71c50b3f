"""An API key as it is judged: small, since a node may hold a hundred thousand of them."""

from __future__ import annotations

import hmac
import math
from dataclasses import dataclass, field

from gateline.authn.key_model import APIKey
from gateline.values.identity import Figures, Identity, Refused

NO_KEY_HASH = "blake2b-256:" + "0" * 64


@dataclass(frozen=True, slots=True)
class StandingKey:
    """What a key's record says that matters to a decision; `until_unix_s` is when it expires."""

    id: str
    key_hash: str = field(repr=False)
    identity: Identity
    is_active: bool
    until_unix_s: float


def standing(key: APIKey) -> StandingKey:
    """The key of a record."""
    figures = Figures(key.requests_per_minute, key.burst, key.daily_quota, key.monthly_quota)
    identity = Identity(
        user_id=key.user_id,
        method="api_key",
        tenant=key.tenant,
        scopes=frozenset(key.scopes),
        tier=key.rate_limit_tier,
        credential_id=key.id,
        figures=figures if figures != Figures() else None,
    )
    until = math.inf if key.expires_at is None else key.expires_at.timestamp()
    return StandingKey(key.id, key.key, identity, key.is_active, until)


def judge(key: StandingKey | None, given_hash: str, now_unix_s: float, challenge: str) -> Identity | Refused:
    """The identity of a key whose hash was given; the comparison takes as long for a key that does not exist."""
    same = hmac.compare_digest(given_hash, NO_KEY_HASH if key is None else key.key_hash)
    if key is None or not same:
        return Refused("unknown_key", "no such key", challenge)
    if not key.is_active:
        return Refused("key_inactive", f"key {key.id} is not active", challenge)
    if now_unix_s >= key.until_unix_s:
        return Refused("key_inactive", f"key {key.id} has expired", challenge)
    return key.identity
