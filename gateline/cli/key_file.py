"""The file of API keys that a gateway names: read, changed and written whole, under a lock."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from gateline.authn.key_model import APIKey
from gateline.cli.policy import failed, faults_shown, open_policy
from gateline.config.gateway import ApiKeysFile
from gateline.config.load import Loaded
from gateline.schema.secret import SourceError

HEAD = "# API keys, hashed. Written by `gateline keys`; a running sidecar takes changes by itself.\n"


class KeyFile:
    """The keys of a policy. Change `keys`, then `write`."""

    def __init__(self, loaded: Loaded, path: Path) -> None:
        self.loaded = loaded
        self.path = path
        self.keys = list(loaded.api_keys)

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
        raise failed(f"{self.path} has no key with the id {key_id!r}")

    def replace(self, key: APIKey) -> None:
        """Put a key in the place of the one with its id."""
        self.keys = [key if old.id == key.id else old for old in self.keys]

    def write(self) -> None:
        """Write all keys; whoever reads meanwhile has the old file or the new one."""
        rows = [key.model_dump(mode="json", exclude_defaults=True) for key in self.keys]
        part = self.path.with_name(f"{self.path.name}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(HEAD + yaml.safe_dump(rows, sort_keys=False, allow_unicode=True))
        part.replace(self.path)


@contextmanager
def locked_keys(config: Path) -> Iterator[KeyFile]:
    """The keys of the policy in `config`, while nobody else changes them."""
    with faults_shown():
        policy = open_policy(config)
        path = _path_of(policy.read())
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield KeyFile(policy.read(), path)


def _path_of(loaded: Loaded) -> Path:
    keys = loaded.gateway.api_keys
    if not isinstance(keys, ApiKeysFile):
        raise failed(f"{loaded.file} holds its keys itself; to manage them here, give it `api_keys: {{file: PATH}}`")
    return loaded.sources.path(keys.file)
