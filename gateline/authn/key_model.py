"""The API key as it is stored: a keyed hash, never the key."""

from __future__ import annotations

import hashlib
import secrets
import string
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from gateline.schema.model import Model

SCHEME = "gl"
PREFIX_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
SECRET_ALPHABET = string.ascii_letters + string.digits
PREFIX_LENGTH = 8
SECRET_LENGTH = 32
HASH_PREFIX = "blake2b-256:"
Count = Annotated[int, Field(ge=1, le=10**12)]


class APIKey(Model):
    """One key: `gl_<prefix>_<secret>`. A figure that is written here goes before its tier's and the route's."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    prefix: Annotated[str, StringConstraints(pattern=r"^[a-z2-7]{8}$")]
    key: Annotated[str, StringConstraints(pattern=r"^blake2b-256:[0-9a-f]{64}$"), Field(repr=False)]
    """Keyed BLAKE2b of the whole key with the pepper as its key."""
    name: str = ""
    user_id: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    tenant: str | None = None
    scopes: tuple[str, ...] = ()
    rate_limit_tier: str | None = None
    created_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    last_used: AwareDatetime | None = None
    is_active: bool = True
    requests_per_minute: Count | None = None
    burst: Count | None = None
    daily_quota: Count | None = None
    monthly_quota: Count | None = None

    def expired(self, now_unix_s: float) -> bool:
        """Whether the key's time is over."""
        return self.expires_at is not None and self.expires_at.timestamp() <= now_unix_s


def new_key() -> tuple[str, str]:
    """A new prefix and the whole key (40 + 190 random bits)."""
    prefix = "".join(secrets.choice(PREFIX_ALPHABET) for _ in range(PREFIX_LENGTH))
    secret = "".join(secrets.choice(SECRET_ALPHABET) for _ in range(SECRET_LENGTH))
    return prefix, f"{SCHEME}_{prefix}_{secret}"


def prefix_of(key: str) -> str | None:
    """The prefix of a well-formed key, None for anything else."""
    parts = key.split("_")
    if len(parts) != 3 or parts[0] != SCHEME or len(parts[1]) != PREFIX_LENGTH or len(parts[2]) != SECRET_LENGTH:
        return None
    return parts[1] if key.isascii() else None


def hash_of(key: str, pepper: bytes) -> str:
    """The stored form of a key. A pepper of any length serves: BLAKE2b takes 64 bytes, so a longer one is hashed."""
    keyed_by = pepper if len(pepper) <= 64 else hashlib.blake2b(pepper).digest()
    return HASH_PREFIX + hashlib.blake2b(key.encode(), key=keyed_by, digest_size=32).hexdigest()
