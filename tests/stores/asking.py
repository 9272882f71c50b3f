"""Asks a store as a driver does, and waits for the answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gateline.effects import Charge, Take
from gateline.runtime.redis_address import RedisAddress
from gateline.runtime.redis_store import RedisStore

BUDGET_S = 0.25


@asynccontextmanager
async def store_on(port: int, budget_s: float = BUDGET_S, *, there: bool = True) -> AsyncIterator[RedisStore]:
    """A store that is open."""
    store = RedisStore(RedisAddress(port=port), asyncio.get_running_loop(), budget_s)
    assert await store.open() is there
    try:
        yield store
    finally:
        store.close()


def bucket(name: str, figures: tuple[int, ...] = (5, 60), cost: int = 1, algorithm: str = "token_bucket") -> Charge:
    """A charge on a bucket."""
    return Charge(f"gl:test:{{{name}}}:{algorithm}:r", algorithm, figures, cost)


def take(store: RedisStore, *charges: Charge, within_s: float = BUDGET_S) -> asyncio.Future[Any]:
    """The reply to a charge; an `UnavailableError` is a reply, too."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    store.take(Take(charges, within_s), loop.time() + 10, future.set_result)
    return future


async def command(store: RedisStore, *arguments: str | int) -> Any:
    """The reply to any command."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    store.command(arguments, loop.time() + BUDGET_S, future.set_result)
    return await future
