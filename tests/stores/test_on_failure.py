"""Each rule's own way when a real store dies and comes back: through the engine, the world and the driver."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import uvloop

from gateline.config.load import load_data
from gateline.runtime.blocking_pool import BlockingPool
from gateline.runtime.engine import Engine
from gateline.runtime.memory_store import MemoryStore
from gateline.runtime.world import RuntimeWorld
from gateline.schema.secret import Sources
from gateline.values.decision import Decision
from gateline.values.headers import Headers
from gateline.values.request import Request
from tests.stores.asking import store_on
from tests.stores.test_trouble import until
from tests.stores.valkey import Valkey

ROUTES = [
    {
        "id": way,
        "path": f"/{way}",
        "auth_required": False,
        "rate_limit": {"burst": 3, "requests_per_minute": 1, "on_failure": way},
    }
    for way in ("deny", "allow", "local")
]


async def decide(engine: Engine, path: str, peer: str) -> str:
    """The kind of a decision."""
    future: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
    request = Request("GET", path, "h", Headers(), peer, time.time())
    decision = engine.decide(request, future.set_result)
    return type(decision if decision is not None else await future).__name__


def test_each_rule_follows_its_on_failure(valkey: Valkey) -> None:
    async def go() -> None:
        loop = asyncio.get_running_loop()
        loaded = load_data({"version": 1, "routes": ROUTES}, "gateline.yaml", {}, Sources(Path(), {}))
        pool = BlockingPool(loop)
        async with store_on(valkey.port, 0.05) as store:
            memory = MemoryStore(lambda: time.time_ns() // 1000)
            world = RuntimeWorld(store, memory, pool, share=2)
            engine = Engine(loaded, world, loop.time)

            async def four(path: str, peer: str) -> list[str]:
                return [await decide(engine, path, peer) for _ in range(4)]

            assert await four("/deny", "192.0.2.1") == ["Allow"] * 3 + ["Deny"]
            valkey.kill()
            await until(lambda: store.not_ready() != "")
            assert "store" in world.not_ready()
            assert await four("/deny", "192.0.2.2") == ["Unavailable"] * 4
            assert await four("/allow", "192.0.2.2") == ["Allow"] * 4
            # This process is one of two, so that a burst of three is one here.
            assert await four("/local", "192.0.2.2") == ["Allow", "Deny", "Deny", "Deny"]
            await asyncio.to_thread(valkey.start)
            await until(lambda: store.not_ready() == "")
            for path in ("/deny", "/allow", "/local"):
                assert await four(path, "192.0.2.3") == ["Allow"] * 3 + ["Deny"]
        pool.close()

    uvloop.run(go())
