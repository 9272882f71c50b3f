"""API keys of the store, remembered in this process.

What is remembered counts only while the store's revision was read within the last second: the read names the prefixes
that changed, and those are forgotten. So a revoked key stops on every node within a second, and a request costs no
look-up. With the store away, keys that are known go on for `max_stale_s`; of others nothing can be said.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from functools import partial
from typing import Any

from pydantic import ValidationError

from gateline.authn.key_model import APIKey
from gateline.authn.standing_key import StandingKey, standing
from gateline.effects import Effects, KeyChanges, KeyChangesReply, KeyGet, Shared
from gateline.recent import Recent
from gateline.values.errors import UnavailableError

# Below a second, so that the way to the store is within the second, too.
FRESH_S = 0.9
MAX_TRIES = 3


class StoredKeys:
    """A bounded cache over the store's keys; those that do not exist are remembered apart, so that guesses push no
    real key out.
    """

    def __init__(self, capacity: int, max_stale_s: float, within_s: float) -> None:
        self._max_stale_s = max_stale_s
        self._within_s = within_s
        self._keys: Recent[str, StandingKey] = Recent(capacity)
        self._missing: Recent[str, bool] = Recent(capacity)
        self._revision = -1
        self._read_at = -math.inf
        self._next_read_at = -math.inf

    def remembered(self, prefix: str, now: float) -> tuple[bool, StandingKey | None]:
        """Whether the answer is known without asking, and the key; (True, None) is a key that does not exist."""
        if now >= self._read_at + FRESH_S:
            return False, None
        key = self._keys.get(prefix)
        return key is not None or self._missing.get(prefix) is not None, key

    def find(self, prefix: str, now: float) -> Generator[Effects, Any, StandingKey | None]:
        """The key, None where there is none; `UnavailableError` where nobody can say."""
        fresh = yield from self._refreshed(now)
        for _ in range(MAX_TRIES):
            key = self._keys.get(prefix)
            if key is not None and (fresh or now < self._read_at + self._max_stale_s):
                return key
            if not fresh:
                raise UnavailableError("key store", "is away, and the key is not known here")
            if self._missing.get(prefix) is not None:
                return None
            effect = KeyGet(prefix, self._within_s)
            settle = partial(self._got, prefix, self._revision)
            yield Shared(("key", id(self), prefix), effect, settle, self._within_s)
        raise UnavailableError("key store", "its keys change faster than they can be read")

    def _refreshed(self, now: float) -> Generator[Effects, Any, bool]:
        """Read the revision where it is time to; whether it is known now."""
        if now >= self._read_at + FRESH_S and now >= self._next_read_at:
            effect = KeyChanges(self._revision, self._within_s)
            try:
                yield Shared(("key changes", id(self)), effect, partial(self._read, now), self._within_s)
            except UnavailableError:
                self._next_read_at = max(self._next_read_at, now + FRESH_S)
        return now < self._read_at + FRESH_S

    def _read(self, now: float, answer: KeyChangesReply | UnavailableError) -> None:
        if isinstance(answer, UnavailableError):
            return
        if answer.prefixes is None or answer.revision < self._revision:
            self._keys.clear()
            self._missing.clear()
        else:
            for prefix in answer.prefixes:
                self._keys.drop(prefix)
                self._missing.drop(prefix)
        self._revision, self._read_at = answer.revision, now

    def _got(self, prefix: str, revision: int, answer: dict[str, Any] | UnavailableError | None) -> None:
        if isinstance(answer, UnavailableError) or revision != self._revision:
            # What changed meanwhile may be this very key: read it again.
            return
        if answer is None:
            self._missing.put(prefix, True)
            return
        try:
            self._keys.put(prefix, standing(APIKey.model_validate(answer)))
        except ValidationError:
            raise UnavailableError("key store", f"its record of {prefix} is broken", transient=False) from None
