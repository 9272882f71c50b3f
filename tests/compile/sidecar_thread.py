"""The real Check service on a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping

from ext_authz.check import METHOD, check_handler
from ext_authz.grpcio_transport import serve
from ext_authz.rpc import Handler
from gateline.config.load import Loaded
from gateline.effects import Effect
from gateline.runtime.engine import Engine
from gateline.values.errors import UnavailableError


class EmptyWorld:
    """A world in which everything but a decision itself is away."""

    def perform(self, effect: Effect, deadline: float, done: object) -> None:
        assert callable(done)
        done(UnavailableError(type(effect).__name__, "not here"))


class SidecarThread:
    """Serves a policy, or a handler of one's own, until `close`."""

    def __init__(self, loaded: Loaded | None = None, *, handler: Handler | None = None, listen: str = "127.0.0.1:0"):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        if handler is None:
            assert loaded is not None
            handler = check_handler(Engine(loaded, EmptyWorld(), self._loop.time), time.time)
        handlers: Mapping[str, Handler] = {METHOD: handler}
        self._server = asyncio.run_coroutine_threadsafe(serve(handlers, listen), self._loop).result(10)
        self.address = self._server.address

    def close(self) -> None:
        """Stop at once."""
        asyncio.run_coroutine_threadsafe(self._server.close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
