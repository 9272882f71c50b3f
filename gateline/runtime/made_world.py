"""Makes the world of a process from its options: what performs the effects of a sidecar, a Kong server, `explain`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from gateline.config.load import Loaded
from gateline.effects import (
    Answer,
    Effect,
    HttpCall,
    InPool,
    KeyChanges,
    KeyGet,
    KeyUsed,
    RevokedGet,
    Take,
)
from gateline.runtime.blocking_pool import BlockingPool
from gateline.runtime.drive import World
from gateline.runtime.http import HttpClient
from gateline.runtime.key_places import KeyPlaces, answer_without_store, places_without_store
from gateline.runtime.memory_store import MemoryStore
from gateline.runtime.metrics import Samples
from gateline.runtime.redis_address import parse_url
from gateline.runtime.redis_store import RedisStore
from gateline.runtime.sharing import Sharing
from gateline.runtime.world import ProcessStore, RuntimeWorld, Store
from gateline.values.errors import UnavailableError


@dataclass(frozen=True, slots=True)
class MadeWorld:
    """A world, what of it is away and why, how to leave it, and what its store counted."""

    world: World
    not_ready: Callable[[], Mapping[str, str]]
    close: Callable[[], None]
    open: Callable[[], Awaitable[object]]
    samples: Callable[[], Samples]


def store_url(loaded: Loaded, override: str | None) -> str | None:
    """The store's URL, None for memory; an option or GATELINE_STORE goes before the policy."""
    if override:
        return None if override == "memory" else override
    store = loaded.gateway.store
    return None if store == "memory" else store.redis


def make_world(
    loop: asyncio.AbstractEventLoop, url: str | None, share: int, namespace: str = "default", store_s: float = 0.05
) -> MadeWorld:
    """A process's world, on its loop's thread. `url` is the store's, None for this process's memory.

    `share` is the number of workers among which `on_failure: local` divides a limit; `store_s` how long a store that
    is well may take. A store that is away is looked for until it is there; `open` waits for the first look.
    """
    memory = MemoryStore(now_us)
    pool = BlockingPool(loop)
    http = HttpClient(loop)
    redis = None if url is None else RedisStore(parse_url(url), loop, store_s)
    store: Store
    if redis is None:
        store, key_places = ProcessStore(memory), places_without_store()
    else:
        store, key_places = redis, KeyPlaces(redis.command, loop.time, namespace).places()
    inner = RuntimeWorld(store, memory, pool, {**key_places, HttpCall: http.perform}, share)

    if redis is not None:
        redis.start()

    async def begin() -> None:
        if redis is not None:
            await redis.open()

    def end() -> None:
        pool.close()
        if redis is not None:
            redis.close()

    samples = dict if redis is None else redis.samples
    return MadeWorld(Sharing(inner, loop.time, loop.call_at), inner.not_ready, end, begin, samples)


def memory_performer() -> Callable[[Effect], Answer]:
    """Performs effects at once, for one request: buckets from nothing, blocking code here and now, no network."""
    memory = MemoryStore(now_us)

    def perform(effect: Effect) -> Answer:
        if isinstance(effect, Take):
            return memory.take(effect.charges)
        if isinstance(effect, InPool):
            return effect.run()
        if isinstance(effect, KeyGet | KeyChanges | KeyUsed | RevokedGet):
            return answer_without_store(effect)
        raise UnavailableError(type(effect).__name__, "is not asked by this command")

    return perform


def now_us() -> int:
    """Unix microseconds."""
    return time.time_ns() // 1000
