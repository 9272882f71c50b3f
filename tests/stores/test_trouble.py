"""A store that dies, hangs or comes back under load: nobody waits beyond the budget, and it is found again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import uvloop

from gateline.effects import Take, TakeReply
from gateline.runtime.redis_store import RedisStore
from tests.stores.asking import bucket, store_on, take
from tests.stores.valkey import Valkey

BUDGET_S = 0.05
SLACK = 10  # shared cores: the bench has the true figure
BACK_S = 3.0


@dataclass
class Load:
    """Charges every 2 ms, and what came of them."""

    store: RedisStore
    longest_s: float = 0.0
    failed: int = 0
    passed: int = 0
    waiting: int = 0
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        number = 0
        while not self._stopped.is_set():
            number += 1
            self._one(number)
            await asyncio.sleep(0.002)
        while self.waiting:
            await asyncio.sleep(0.01)

    def _one(self, number: int) -> None:
        begin = time.monotonic()
        self.waiting += 1

        def done(answer: object) -> None:
            self.waiting -= 1
            self.longest_s = max(self.longest_s, time.monotonic() - begin)
            if isinstance(answer, TakeReply):
                self.passed += 1
            else:
                self.failed += 1

        loop = asyncio.get_running_loop()
        self.store.take(Take((bucket(f"load{number % 50}", (10**6, 10**6)),), BUDGET_S), loop.time() + 1, done)

    def stop(self) -> None:
        self._stopped.set()


async def until(what: Callable[[], bool], within_s: float = BACK_S) -> float:
    """Wait for something; seconds that it took."""
    begin = time.monotonic()
    while not what():
        assert time.monotonic() - begin < within_s, "did not come about in time"
        await asyncio.sleep(0.01)
    return time.monotonic() - begin


async def under_load(valkey: Valkey, away: Callable[[], None], back: Callable[[], None]) -> Load:
    """Load while the store goes away for half a second and comes back."""
    async with store_on(valkey.port, BUDGET_S) as store:
        load = Load(store)
        task = asyncio.create_task(load.run())
        await until(lambda: load.passed > 50)
        assert load.failed == 0
        away()
        await until(lambda: store.not_ready() != "")
        passed, failed = load.passed, load.failed
        await asyncio.sleep(0.5)
        assert load.passed == passed
        assert load.failed > failed + 20
        await asyncio.to_thread(back)
        await until(lambda: load.passed > passed + 20)
        assert store.not_ready() == ""
        load.stop()
        await task
        return load


def test_killed_and_started_again(valkey: Valkey) -> None:
    load = uvloop.run(under_load(valkey, valkey.kill, valkey.start))
    assert load.longest_s < BUDGET_S * SLACK


def test_paused_and_resumed(valkey: Valkey) -> None:
    load = uvloop.run(under_load(valkey, valkey.pause, valkey.resume))
    assert load.longest_s < BUDGET_S * SLACK


def test_while_it_is_away_nobody_waits_at_all(valkey: Valkey) -> None:
    async def go() -> None:
        async with store_on(valkey.port, BUDGET_S) as store:
            valkey.pause()
            await until(lambda: take(store, bucket("x"), within_s=BUDGET_S).done() and store.not_ready() != "")
            begin = time.monotonic()
            assert take(store, bucket("x"), within_s=BUDGET_S).done()
            assert time.monotonic() - begin < 0.01

    uvloop.run(go())


def test_a_store_that_comes_late_is_found(valkey: Valkey) -> None:
    async def go() -> None:
        valkey.kill()
        async with store_on(valkey.port, BUDGET_S, there=False) as store:
            assert store.not_ready() != ""
            await asyncio.to_thread(valkey.start)
            await until(lambda: store.not_ready() == "")
            assert (await take(store, bucket("late"), within_s=1.0)).allowed

    uvloop.run(go())


def test_one_slow_answer_is_not_yet_a_store_that_is_away(valkey: Valkey) -> None:
    async def go() -> None:
        async with store_on(valkey.port, BUDGET_S) as store:
            valkey.pause()
            slow = await take(store, bucket("slow"), within_s=BUDGET_S)
            valkey.resume()
            assert not isinstance(slow, TakeReply)
            assert store.not_ready() == ""
            assert (await take(store, bucket("slow"), within_s=1.0)).allowed

    uvloop.run(go())
