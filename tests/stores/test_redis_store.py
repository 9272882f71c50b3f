"""The Redis store against a real Valkey that does what it should."""

from __future__ import annotations

import asyncio
import time

import uvloop

from gateline.effects import Level, TakeReply
from gateline.values.errors import UnavailableError
from tests.stores.asking import bucket, command, store_on, take
from tests.stores.valkey import Valkey


def test_a_charge_tells_what_is_left_and_when_to_come_again(shared_valkey: Valkey) -> None:
    async def go() -> None:
        async with store_on(shared_valkey.port) as store:
            first = await take(store, bucket("one", (2, 60)))
            assert first == TakeReply((Level(True, 1, 0.0, 1.0),))
            await take(store, bucket("one", (2, 60)))
            refused = await take(store, bucket("one", (2, 60)))
            assert not refused.allowed
            assert 0.9 < refused.levels[0].retry_after_s <= 1.0

    uvloop.run(go())


def test_a_thousand_at_once_get_no_more_and_no_less_than_there_is(shared_valkey: Valkey) -> None:
    async def go() -> None:
        async with store_on(shared_valkey.port, 5.0) as store:
            await command(store, "PING")
            begin = time.monotonic()
            replies = await asyncio.gather(
                *(take(store, bucket("many", (100, 600)), within_s=5.0) for _ in range(1000))
            )
            elapsed_s = time.monotonic() - begin
            admitted = sum(reply.allowed for reply in replies)
            assert 100 <= admitted <= 100 + elapsed_s * 10 + 1
            assert store.pipelines <= 2 + 1

    uvloop.run(go())


def test_many_loops_at_once_share_one_bucket(shared_valkey: Valkey) -> None:
    async def one(store_port: int) -> int:
        async with store_on(store_port, 5.0) as store:
            replies = [await take(store, bucket("shared", (100, 60)), within_s=5.0) for _ in range(100)]
            return sum(reply.allowed for reply in replies)

    async def go() -> None:
        begin = time.monotonic()
        admitted = sum(await asyncio.gather(*(one(shared_valkey.port) for _ in range(10))))
        assert 100 <= admitted <= 100 + (time.monotonic() - begin) + 1

    uvloop.run(go())


def test_all_or_nothing(shared_valkey: Valkey) -> None:
    async def go() -> None:
        async with store_on(shared_valkey.port) as store:
            small, large = bucket("small", (1, 1)), bucket("large", (9, 1))
            assert (await take(store, small, large)).allowed
            # With another large bucket, since this process now knows that the small one is empty.
            refused = await take(store, small, large)
            assert [level.allowed for level in refused.levels] == [False, True]
            assert refused.levels[1].remaining == 8
            assert (await take(store, bucket("large", (9, 1), cost=0))).levels[0].remaining == 8

    uvloop.run(go())


def test_a_bucket_known_to_be_empty_is_refused_without_a_call(shared_valkey: Valkey) -> None:
    async def go() -> None:
        async with store_on(shared_valkey.port) as store:
            charge = bucket("empty", (1, 60))
            await take(store, charge)
            assert not (await take(store, charge)).allowed
            pipelines = store.pipelines
            assert not (await take(store, charge)).allowed
            assert (store.pipelines, store.refused_unasked) == (pipelines, 1)
            # Other figures (a policy that was reloaded) are asked again.
            assert (await take(store, bucket("empty", (9, 6000)))).levels[0].allowed in (True, False)
            assert store.pipelines == pipelines + 1

    uvloop.run(go())


def test_scripts_that_were_flushed_are_loaded_again(shared_valkey: Valkey) -> None:
    async def go() -> None:
        async with store_on(shared_valkey.port) as store:
            await command(store, "SCRIPT", "FLUSH")
            replies = await asyncio.gather(*(take(store, bucket(f"flush{n}")) for n in range(20)))
            assert all(isinstance(reply, TakeReply) and reply.allowed for reply in replies)
            assert replies[0].levels[0].remaining == 4

    uvloop.run(go())


def test_a_key_of_another_kind_fails_alone(shared_valkey: Valkey) -> None:
    async def go() -> None:
        async with store_on(shared_valkey.port) as store:
            wrong = bucket("wrong")
            await command(store, "HSET", wrong.key, "f", "v")
            bad, good = await asyncio.gather(take(store, wrong), take(store, bucket("right")))
            assert isinstance(bad, UnavailableError)
            assert good.allowed

    uvloop.run(go())


def test_every_bucket_expires(shared_valkey: Valkey) -> None:
    async def go() -> None:
        async with store_on(shared_valkey.port) as store:
            for algorithm, figures, longest_ms in (
                ("token_bucket", (5, 60), 1001),
                ("sliding_window_log", (5, 60), 60_001),
                ("sliding_window_counter", (5, 60), 120_001),
                ("fixed_window", (5, 60), 60_001),
                ("calendar_window", (5, 1), 31 * 86_400_000 + 1),
            ):
                charge = bucket("expires", figures, algorithm=algorithm)
                await take(store, charge)
                assert 0 < await command(store, "PTTL", charge.key) <= longest_ms

    uvloop.run(go())
