"""An ext_authz callout on grpcio's asyncio server: a constant answer that allows and adds one header."""

from __future__ import annotations

import asyncio
import sys

import grpc.aio

from ext_authz.encode import OVERWRITE, field, header_options

ANSWER = field(1, b"") + field(3, header_options(2, (("x-user-id", "anyone"),), OVERWRITE))


async def _check(_: bytes, __: grpc.aio.ServicerContext) -> bytes:
    return ANSWER


async def main() -> None:
    """Serve until ended; bytes in and bytes out, so that no decoding is in the figure."""
    server = grpc.aio.server()
    methods = {"Check": grpc.unary_unary_rpc_method_handler(_check)}
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("envoy.service.auth.v3.Authorization", methods),)
    )
    server.add_insecure_port(sys.argv[1])
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main())
