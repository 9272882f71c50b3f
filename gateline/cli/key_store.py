"""The API keys of a Redis or Valkey, for commands: which store it is, and its keys under a lock."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

from gateline.cli.kept_keys import KeptKeys
from gateline.cli.policy import failed
from gateline.config.gateway import ApiKeysFile
from gateline.config.load import Loaded
from gateline.runtime.key_names import KeyNames
from gateline.runtime.key_store import KeyStore
from gateline.runtime.made_world import store_url
from gateline.runtime.redis_address import parse_url
from gateline.runtime.redis_blocking import BlockingRedis
from gateline.values.errors import UnavailableError

# Whoever dies with the lock keeps others waiting so long; whoever waits gives up later.
_LOCK_S = 10
_WAIT_S = 12.0
_UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


def counters_url(loaded: Loaded, given: str | None) -> str | None:
    """The store that a sidecar counts in: the option's, GATELINE_STORE's or the policy's; None for memory."""
    return store_url(loaded, given or os.environ.get("GATELINE_STORE"))


def keys_url(loaded: Loaded, given: str | None) -> str | None:
    """The store that a command's keys are in: one that is asked for, else the policy's where no file has the keys."""
    if given is None and isinstance(loaded.gateway.api_keys, ApiKeysFile):
        return None
    return counters_url(loaded, given)


@contextmanager
def connected(url: str) -> Iterator[BlockingRedis]:
    """A connection; a store that is no use ends the command."""
    try:
        redis = BlockingRedis(parse_url(url))
        try:
            yield redis
        finally:
            redis.close()
    except UnavailableError as error:
        raise failed(str(error)) from error


@contextmanager
def locked_store(loaded: Loaded, url: str) -> Iterator[KeptKeys]:
    """The store's keys, while no other command changes them: a rotation must not undo a revocation."""
    with connected(url) as redis:
        lock, mine = KeyNames(loaded.gateway.namespace).lock, secrets.token_hex(16)
        end = time.monotonic() + _WAIT_S
        while redis.command("SET", lock, mine, "NX", "EX", _LOCK_S) is None:
            if time.monotonic() > end:
                raise failed(f"{parse_url(url)}: another command is changing keys; try again")
            time.sleep(0.02)
        try:
            store = KeyStore(redis, loaded.gateway.namespace)
            yield KeptKeys(loaded, str(parse_url(url)), tuple(store.all()), store.put)
        finally:
            redis.eval(_UNLOCK, 1, lock, mine)
