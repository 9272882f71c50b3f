"""API keys in a Redis or Valkey, for commands: they wait. Who decides asks through `key_places.py`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Protocol

from pydantic import ValidationError

from gateline.authn.key_book import record_of
from gateline.authn.key_model import APIKey
from gateline.runtime.key_names import KeyNames, in_braces
from gateline.values.errors import UnavailableError

# Revision and index change together, or a node might read one without the other.
_NOTE_CHANGE = """
local revision = redis.call('INCR', KEYS[1])
redis.call('ZADD', KEYS[2], revision, ARGV[1])
return revision
"""


class Client(Protocol):
    """What is needed of redis-py's `Redis`; replies may be bytes or text."""

    def get(self, name: str) -> Any:
        """GET."""

    def set(self, name: str, value: str, ex: int | None = None) -> Any:
        """SET."""

    def hgetall(self, name: str) -> Any:
        """HGETALL."""

    def zrange(self, name: str, start: int, end: int) -> Any:
        """ZRANGE."""

    def eval(self, script: str, numkeys: int, *keys_and_args: str) -> Any:
        """EVAL."""


class KeyStore:
    """Reads and writes records. A change is known to every node within a second."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._names = KeyNames(namespace)

    def put(self, *keys: APIKey) -> None:
        """Write records, then say that they changed: in this order no node keeps the old one."""
        for key in keys:
            self._client.set(self._names.record(key.prefix), json.dumps(record_of(key)))
        for key in keys:
            self._client.eval(_NOTE_CHANGE, 2, self._names.revision, self._names.changes, key.prefix)

    def get(self, prefix: str) -> APIKey | None:
        """The record of a prefix; a broken one is `UnavailableError`, which does not quote it."""
        raw = self._client.get(self._names.record(prefix))
        try:
            return None if raw is None else APIKey.model_validate_json(raw)
        except ValidationError:
            raise UnavailableError("key store", f"its record of {prefix} is broken", transient=False) from None

    def all(self) -> Iterator[APIKey]:
        """Every record, the least recently changed first."""
        for prefix in self._client.zrange(self._names.changes, 0, -1):
            key = self.get(_text(prefix))
            if key is not None:
                yield key

    def used(self) -> dict[str, int]:
        """Prefix → when the key was last used (Unix seconds, exact to a minute)."""
        return {_text(prefix): int(at) for prefix, at in self._client.hgetall(self._names.used).items()}

    def revoke_tokens(self, name: str, for_s: int) -> None:
        """Revoke a token (`jti:…`) or all of a user's (`sub:…`) for as long as they might be valid."""
        self._client.set(self._names.revoked(in_braces(name)), "1", ex=for_s)


def _text(raw: str | bytes) -> str:
    return raw.decode() if isinstance(raw, bytes) else raw
