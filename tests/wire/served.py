"""A transport that serves in a thread of its own, for real clients; and what real clients need."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from ext_authz import grpcio_transport, wire
from ext_authz.rpc import Call, Handlers, RpcError, Server, Status

CHECK = "/envoy.service.auth.v3.Authorization/Check"
SERVE = {"wire": wire.serve, "grpcio": grpcio_transport.serve}


class Served:
    """A running server, its loop and its address."""

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self.server = server
        self.address = server.address
        self.loop = loop

    def run(self, awaitable: Callable[[], Awaitable[Any]]) -> Future[Any]:
        """Run this on the server's loop."""

        async def wrapped() -> Any:
            return await awaitable()

        return asyncio.run_coroutine_threadsafe(wrapped(), self.loop)


@contextmanager
def served(transport: str, handlers: Handlers, listen: str = "127.0.0.1:0", **options: Any) -> Iterator[Served]:
    """Serve `handlers` until the block ends."""
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        make = SERVE[transport](handlers, listen, **options)
        server = asyncio.run_coroutine_threadsafe(make, loop).result(10)
        try:
            yield Served(server, loop)
        finally:
            asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def sample_handlers() -> Handlers:
    """A method for each way in which a call can end."""

    def later(message: bytes, call: Call) -> None:
        asyncio.get_running_loop().call_later(0.002, call.answer, message + b" later")

    def fails(_message: bytes, _call: Call) -> bytes:
        raise RpcError(Status.NOT_FOUND, "nö 100%\n")

    def fails_later(_message: bytes, call: Call) -> None:
        asyncio.get_running_loop().call_soon(call.fail, Status.UNAVAILABLE, "away")

    def raises(_message: bytes, _call: Call) -> bytes:
        raise ValueError("secret")

    def echo(message: bytes, _call: Call) -> bytes:
        return message

    def silent(_message: bytes, _call: Call) -> None:
        return None

    return {
        "/test.Test/Echo": echo,
        "/test.Test/Later": later,
        "/test.Test/Fails": fails,
        "/test.Test/FailsLater": fails_later,
        "/test.Test/Raises": raises,
        "/test.Test/Silent": silent,
        CHECK: echo,
    }


def program(name: str, *more: Path) -> str:
    """The path of a program, looked for in `more` too; the test is skipped without it."""
    places = [str(place / name) for place in more]
    found = next((path for path in (shutil.which(name), *places) if path and Path(path).exists()), None)
    if found is None:
        pytest.skip(f"{name} is not on this machine")
    return found
