"""A process's decisions as they are made: an engine and its world on a loop of their own, without a transport."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateline.config.load import load_data
from gateline.runtime.engine import Engine
from gateline.runtime.made_world import make_world
from gateline.schema.secret import Sources
from gateline.values.decision import Decision
from gateline.values.headers import Headers
from gateline.values.request import Request


class Node:
    """One node of a gateway."""

    def __init__(self, gateway: Mapping[str, Any], folder: Path, store: str | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        loaded = load_data({"version": 1, **gateway}, "inline", {}, Sources(folder, {}))
        asyncio.run_coroutine_threadsafe(self._begin(loaded, store), self._loop).result(10)

    async def _begin(self, loaded: Any, store: str | None) -> None:
        self._world = make_world(self._loop, store, 1)
        await self._world.open()
        self._engine = Engine(loaded, self._world.world, self._loop.time)

    def ask(self, *requests: Mapping[str, str]) -> list[Decision]:
        """The decisions on requests with these headers, all sent at once."""

        async def all_at_once() -> list[Decision]:
            return await asyncio.gather(*(self._decide(headers) for headers in requests))

        return asyncio.run_coroutine_threadsafe(all_at_once(), self._loop).result(30)

    async def _decide(self, headers: Mapping[str, str]) -> Decision:
        future: asyncio.Future[Decision] = self._loop.create_future()
        request = Request("GET", "/", "h", Headers.of(headers.items()), "198.51.100.7", time.time())
        decision = self._engine.decide(request, future.set_result)
        return decision if decision is not None else await future

    def close(self) -> None:
        """End it."""
        self._loop.call_soon_threadsafe(self._world.close)
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.05), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
