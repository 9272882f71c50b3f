"""The file of API keys that a gateway names: read, changed and written whole, under a lock."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from gateline.authn.key_book import record_of
from gateline.authn.key_model import APIKey
from gateline.cli.kept_keys import KeptKeys
from gateline.cli.policy import failed
from gateline.config.gateway import ApiKeysFile
from gateline.config.load import Loaded
from gateline.runtime.policy_file import PolicyFile

HEAD = "# API keys, hashed. Written by `gateline keys`; a running sidecar takes changes by itself.\n"


@contextmanager
def locked_file(policy: PolicyFile) -> Iterator[KeptKeys]:
    """The keys in the policy's file of keys, while nobody else changes them."""
    path = _path_of(policy.read())
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        loaded = policy.read()

        def put(*changed: APIKey) -> None:
            _write(path, [*{key.id: key for key in (*loaded.api_keys, *changed)}.values()])

        yield KeptKeys(loaded, str(path), loaded.api_keys, put)


def _write(path: Path, keys: Sequence[APIKey]) -> None:
    """Write all keys; whoever reads meanwhile has the old file or the new one."""
    part = path.with_name(f"{path.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(HEAD + yaml.safe_dump([record_of(key) for key in keys], sort_keys=False, allow_unicode=True))
    part.replace(path)


def _path_of(loaded: Loaded) -> Path:
    keys = loaded.gateway.api_keys
    if not isinstance(keys, ApiKeysFile):
        raise failed(
            f"{loaded.file} holds its keys itself; to manage them here, give it `api_keys: {{file: PATH}}` or a store"
        )
    return loaded.sources.path(keys.file)
