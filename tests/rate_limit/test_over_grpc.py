"""ShouldRateLimit over a real gRPC connection and a real Valkey."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc

from ext_authz import grpcio_transport, rate_limit
from ext_authz.pb.envoy.service.ratelimit.v3.rls_pb2 import RateLimitRequest, RateLimitResponse
from gateline.config.load import load_data
from gateline.runtime.blocking_pool import BlockingPool
from gateline.runtime.engine import Engine
from gateline.runtime.memory_store import MemoryStore
from gateline.runtime.world import RuntimeWorld
from gateline.schema.secret import Sources
from tests.rate_limit.service import NOW, descriptor, request
from tests.stores.asking import store_on
from tests.stores.valkey import Valkey


def call(channel: Any, message: RateLimitRequest) -> RateLimitResponse:
    """One unary call."""
    method = channel.unary_unary(
        rate_limit.METHOD,
        request_serializer=RateLimitRequest.SerializeToString,
        response_deserializer=RateLimitResponse.FromString,
    )
    response: RateLimitResponse = method(message, timeout=5)
    return response


def test_two_sidecars_count_together(shared_valkey: Valkey) -> None:
    domains = [{"domain": "grpc", "descriptors": [descriptor("k", 3, "year")]}]
    loaded = load_data({"version": 1, "domains": domains}, "gateline.yaml", {}, Sources(Path(), {}))

    def calls(addresses: list[str]) -> list[int]:
        codes = []
        for index in range(5):
            with grpc.insecure_channel(addresses[index % 2]) as channel:
                codes.append(call(channel, request("grpc", [("k", "v")])).overall_code)
        return codes

    async def go() -> None:
        loop = asyncio.get_running_loop()
        pool = BlockingPool(loop)
        async with store_on(shared_valkey.port) as one, store_on(shared_valkey.port) as other:
            servers = []
            for store in (one, other):
                world = RuntimeWorld(store, MemoryStore(lambda: 0), pool)
                handler = rate_limit.rate_limit_handler(Engine(loaded, world, loop.time), lambda: NOW)
                servers.append(await grpcio_transport.serve({rate_limit.METHOD: handler}, "127.0.0.1:0"))
            try:
                codes = await asyncio.to_thread(calls, [server.address for server in servers])
                assert codes == [RateLimitResponse.OK] * 3 + [RateLimitResponse.OVER_LIMIT] * 2
            finally:
                for server in servers:
                    await server.close()
        pool.close()

    asyncio.run(go())
