"""The pool for code that blocks, and the store for commands that wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from bench.gateway.processes import free_ports
from gateline.effects import HttpCall, InPool, KeyUsed, Later, Take
from gateline.runtime.blocking_pool import BlockingPool
from gateline.runtime.memory_store import MemoryStore
from gateline.runtime.redis_address import RedisAddress
from gateline.runtime.redis_blocking import BlockingRedis
from gateline.runtime.world import ProcessStore, RuntimeWorld
from gateline.values.errors import UnavailableError
from tests.stores.asking import bucket
from tests.stores.valkey import Valkey


async def in_pool(pool: BlockingPool, run: Callable[[], Any], within_s: float = 5.0) -> Any:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    pool.perform(InPool(run, within_s), loop.time() + 10, future.set_result)
    return await future


def test_the_pool_answers_results_failures_and_lateness() -> None:
    async def go() -> None:
        pool = BlockingPool(asyncio.get_running_loop(), threads=2, waiting=1)
        gate = threading.Event()
        assert await in_pool(pool, lambda: 7) == 7
        failed = await in_pool(pool, lambda: 1 / 0)
        assert (type(failed), str(failed)) == (UnavailableError, "pool: ZeroDivisionError")
        late = [asyncio.ensure_future(in_pool(pool, gate.wait, 0.05)) for _ in range(3)]
        await asyncio.sleep(0)
        full = await in_pool(pool, lambda: 7)
        assert str(full) == "pool: is full"
        assert {str(await one) for one in late} == {"pool: took too long"}
        gate.set()
        while isinstance(await in_pool(pool, lambda: 7), UnavailableError):
            await asyncio.sleep(0.01)
        pool.close()
        assert isinstance(await in_pool(pool, lambda: 7), UnavailableError)

    asyncio.run(go())


def test_a_world_performs_what_it_has_a_place_for() -> None:
    async def go() -> None:
        memory = MemoryStore(lambda: 1)
        pool = BlockingPool(asyncio.get_running_loop())
        used: list[str] = []
        places = {KeyUsed: lambda effect, deadline_s, done: used.append(effect.prefix) or done(None)}
        world = RuntimeWorld(ProcessStore(memory), memory, pool, places)
        answers: list[Any] = []
        world.perform(Take((bucket("a"),), 1.0), 0.0, answers.append)
        world.perform(Later(KeyUsed("p", 1)), 0.0, answers.append)
        world.perform(HttpCall("GET", "http://x", 1.0), 0.0, answers.append)
        assert answers[0].allowed
        assert (answers[1], used) == (None, ["p"])
        assert isinstance(answers[2], UnavailableError)
        assert world.not_ready() == {}
        pool.close()

    asyncio.run(go())


def test_a_command_waits_for_the_store(shared_valkey: Valkey) -> None:
    redis = BlockingRedis(RedisAddress(port=shared_valkey.port, database=1))
    assert redis.take(Take((bucket("blocking", (5, 60)),), 1.0)).levels[0].remaining == 4
    redis.set("a", "b", ex=5)
    assert redis.get("a") == b"b"
    redis.command("HSET", "h", "f", "v")
    assert redis.hgetall("h") == {b"f": b"v"}
    redis.command("ZADD", "z", 1, "m")
    assert redis.zrange("z", 0, -1) == [b"m"]
    assert redis.eval("return KEYS[1]", 1, "k") == b"k"
    with pytest.raises(UnavailableError, match="WRONGTYPE"):
        redis.get("h")
    redis.close()
    with pytest.raises(UnavailableError):
        redis.get("a")


def test_a_command_says_that_nobody_is_there() -> None:
    with pytest.raises(UnavailableError, match="redis://127"):
        BlockingRedis(RedisAddress("127.0.0.1", free_ports(1)))
