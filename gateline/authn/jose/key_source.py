"""Where an issuer's keys come from: written in the policy, or fetched."""

from __future__ import annotations

import math
from typing import Protocol

from gateline.authn.jose.keys import Key, KeySet
from gateline.effects import Later, Shared


class KeySource(Protocol):
    """Keys that may change while the policy stays.

    `check_at` is the time (Unix seconds) from which `wanted` has to be asked even for what was verified before;
    `version` grows when a key is gone or changed, so that nothing verified with it is believed any longer.
    """

    check_at: float
    version: int

    def first(self, now: float) -> Shared | None:
        """What to ask of the world before the first token comes; asked for again until it is None."""

    def find(self, kid: str | None, alg: str, now: float) -> Key | None:
        """The key for a token, None where none is known now."""

    def wanted(self, kid: str | None, alg: str, now: float) -> Shared | Later | None:
        """What to ask of the world before a token of this key is judged; to be yielded, and then asked for again."""

    def trouble(self, kid: str | None, now: float) -> str | None:
        """Why a token whose key was not found can't be judged now; None where it is known to be no good."""


class StaticKeys:
    """Keys that stand in the policy."""

    __slots__ = ("_keys", "check_at", "version")

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys
        self.check_at = math.inf
        self.version = 0

    def first(self, now: float) -> None:
        """Nothing: all keys are here."""

    def find(self, kid: str | None, alg: str, now: float) -> Key | None:  # noqa: ARG002  # the protocol's
        """As `KeySource.find`."""
        return self._keys.find(kid, alg)

    def wanted(self, kid: str | None, alg: str, now: float) -> None:  # the protocol's
        """Nothing: all keys are here."""

    def trouble(self, kid: str | None, now: float) -> None:  # the protocol's
        """None: a key that is not here does not exist."""
