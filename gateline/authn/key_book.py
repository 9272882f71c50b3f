"""What is done to API keys: issue, revoke, rotate. Pure over records; whoever keeps them writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gateline.authn.key_model import APIKey, hash_of, new_key


@dataclass(frozen=True, slots=True)
class Issued:
    """A new key's record, and the key itself, which is shown once and kept nowhere."""

    record: APIKey
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rotated:
    """The old record with its end, and its successor."""

    old: APIKey
    new: Issued


def issue(pepper: bytes, now_unix_s: float, **fields: Any) -> Issued:
    """A new key; `fields` are `APIKey`'s (id, user_id, scopes …), checked by it. Without an id, the prefix serves."""
    prefix, secret = new_key()
    data = {"id": f"key-{prefix}", "created_at": _moment(now_unix_s), **fields}
    return Issued(APIKey.model_validate({**data, "prefix": prefix, "key": hash_of(secret, pepper)}), secret)


def revoke(record: APIKey) -> APIKey:
    """The record of a key that no longer works. It stays, so that the log can still be read."""
    return record.model_copy(update={"is_active": False})


def rotate(record: APIKey, pepper: bytes, now_unix_s: float, overlap_s: int, new_id: str | None = None) -> Rotated:
    """A successor that may do the same; the old key works for `overlap_s` more, or until its own end if that is sooner.

    The successor counts as a key of its own: its rates and quotas by key start anew.
    """
    end = _moment(now_unix_s + overlap_s)
    old_end = end if record.expires_at is None else min(end, record.expires_at)
    # Its prefix and hash are made anew.
    kept = record.model_dump(exclude={"id", "created_at", "last_used", "is_active"})
    new = issue(pepper, now_unix_s, id=new_id or _next_id(record.id), **kept)
    return Rotated(record.model_copy(update={"expires_at": old_end}), new)


def record_of(key: APIKey) -> dict[str, Any]:
    """The record as it is written: JSON-like, without what is not set."""
    return key.model_dump(mode="json", exclude_defaults=True)


def _next_id(name: str) -> str:
    """`key-a` → `key-a.2` → `key-a.3`."""
    stem, _, number = name.rpartition(".")
    return f"{stem}.{int(number) + 1}" if stem and number.isdecimal() else f"{name}.2"


def _moment(unix_s: float) -> datetime:
    return datetime.fromtimestamp(int(unix_s), UTC)
