"""The API keys that a command works on, in a file or in a store: found by their ids, hashed by the policy's pepper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateline.authn.key_model import APIKey
from gateline.cli.policy import failed
from gateline.config.load import Loaded
from gateline.schema.secret import SourceError


@dataclass(frozen=True, slots=True)
class KeptKeys:
    """`put` writes records, new ones and changed ones; `where` names the place for people."""

    loaded: Loaded
    where: str
    keys: Sequence[APIKey]
    put: Callable[..., None]

    @property
    def pepper(self) -> bytes:
        """The secret that keys the hashes."""
        secret = self.loaded.gateway.api_key_pepper
        if secret is None:
            raise failed(f"{self.loaded.file} has no api_key_pepper, by which keys are hashed")
        try:
            return self.loaded.sources.secret(secret)
        except SourceError as error:
            raise failed(str(error)) from error

    def find(self, key_id: str) -> APIKey:
        """The key with an id, or the end of the command."""
        for key in self.keys:
            if key.id == key_id:
                return key
        raise failed(f"{self.where} has no key with the id {key_id!r}")

    def taken_ids(self) -> set[str]:
        """The ids of these keys and of the policy's own: a log line must not speak of two keys."""
        return {key.id for key in (*self.keys, *self.loaded.api_keys)}

    def taken_prefixes(self) -> set[str]:
        """The same for prefixes, by which a sidecar finds a key."""
        return {key.prefix for key in (*self.keys, *self.loaded.api_keys)}
