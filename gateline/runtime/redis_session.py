"""Keeps one connection to a Redis or Valkey: opens it, proves that it answers in time, opens it again when it is lost.

While there is none, everything fails at once: a store that is away must not cost each request its whole budget. It is
looked for again after 50 ms, then less and less often, but every second.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from gateline.runtime.redis_address import RedisAddress
from gateline.runtime.redis_link import Argument, Link, ask, connect

OPEN_S = 1.0
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0
_LOG = logging.getLogger(__name__)


class RedisSession:
    """`link` is the connection in use, None while the store is away. `greeting` is sent on each new connection."""

    def __init__(self, address: RedisAddress, budget_s: float, greeting: Callable[[], tuple[Argument, ...]]) -> None:
        """`budget_s` is how long a command may take before the store counts as away."""
        self.link: Link | None = None
        self.why = "not connected yet"
        self._address = address
        self._budget_s = budget_s
        self._greeting = greeting
        self._gone = asyncio.Event()
        self._tried = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Connect in the background, and go on trying."""
        if self._task is None:
            self._task = loop.create_task(self._keep())

    async def open(self) -> bool:
        """Wait for the first try; whether the store was there."""
        self.start(asyncio.get_running_loop())
        await self._tried.wait()
        return self.link is not None

    def close(self) -> None:
        """End the connection and the trying."""
        if self._task is not None:
            self._task.cancel()
        link, self.link, self.why = self.link, None, "closed"
        if link is not None:
            link.abort()

    def drop(self, why: str) -> None:
        """End the connection; whoever waits on it is told."""
        link, self.link = self.link, None
        if link is not None:
            self._away(why)
            link.abort()

    async def _keep(self) -> None:
        pause_s = FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        await self._try()
        self._tried.set()
        while True:
            if self.link is not None:
                since_s = loop.time()
                await self._gone.wait()
                if loop.time() - since_s > LONGEST_PAUSE_S:
                    pause_s = FIRST_PAUSE_S
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            await self._try()

    async def _try(self) -> bool:
        link: Link | None = None
        try:
            async with asyncio.timeout(OPEN_S):
                link = await connect(self._address, self._lost)
                await ask(link, *self._opening())
            async with asyncio.timeout(self._budget_s):
                await ask(link, ("PING",))
        except Exception as error:  # noqa: BLE001  # whatever it was, the next try comes
            self.why = f"{type(error).__name__}: {error}" if str(error) else "does not answer"
            if link is not None:
                link.abort()
            return False
        self._gone.clear()
        self.link, self.why = link, ""
        _LOG.info("store %s is there", self._address)
        return True

    def _opening(self) -> list[tuple[Argument, ...]]:
        address = self._address
        commands: list[tuple[Argument, ...]] = []
        if address.password:
            who = (address.user, address.password) if address.user else (address.password,)
            commands.append(("AUTH", *who))
        if address.database:
            commands.append(("SELECT", address.database))
        return [*commands, self._greeting()]

    def _lost(self, link: Link) -> None:
        if link is self.link:
            self.link = None
            self._away("the connection was lost")

    def _away(self, why: str) -> None:
        self.why = why
        self._gone.set()
        _LOG.warning("store %s is away: %s", self._address, why)
