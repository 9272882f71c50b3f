"""Buckets in a Redis or Valkey: all that is asked in one tick of the event loop goes out as one pipeline.

A charge is one EVALSHA of the script of `limit/script.py`, so that it is atomic and counts by the server's clock. A
server that lost its scripts gets them again. Two pipelines in a row that are not answered in time, or a lost
connection, and the store counts as away: then everything fails at once, until the session has found it again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import hiredis

from gateline.effects import Answer, Charge, Level, Take, TakeReply
from gateline.limit.script import charge_script
from gateline.runtime.metrics import Samples
from gateline.runtime.over_limit import OverLimit
from gateline.runtime.redis_address import RedisAddress
from gateline.runtime.redis_batch import Ask, Batch
from gateline.runtime.redis_link import Argument, pack
from gateline.runtime.redis_session import RedisSession

Done = Callable[[Answer], None]
LATE_BATCHES = 2


class _Charge(Ask):
    """A charge on its way; its reply is levels."""

    __slots__ = ("charges", "over_limit")

    charges: tuple[Charge, ...]
    over_limit: OverLimit

    def told(self, reply: Any) -> TakeReply:
        levels = levels_of(reply)
        for level in levels:
            if not level.allowed:
                self.over_limit.note(self.charges, levels)
                break
        return TakeReply(levels)


class RedisStore:
    """Belongs to one loop and its thread. `budget_s` is the longest that a healthy store takes."""

    def __init__(self, address: RedisAddress, loop: asyncio.AbstractEventLoop, budget_s: float) -> None:
        script = charge_script()
        self._sha = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()  # its name, by the protocol
        self._load: tuple[Argument, ...] = ("SCRIPT", "LOAD", script)
        self._loop = loop
        self._session = RedisSession(address, budget_s, lambda: self._load)
        self._over_limit = OverLimit(loop.time)
        self._asks: list[Ask] = []
        self.late_batches = 0
        self.refused_unasked = 0
        """Charges that were refused from memory."""
        self.pipelines = 0
        """Batches of commands that were sent."""

    def start(self) -> None:
        """Connect in the background, and go on trying."""
        self._session.start(self._loop)

    async def open(self) -> bool:
        """Start, and wait for the first try; whether the store was there."""
        return await self._session.open()

    def close(self) -> None:
        """End the connection."""
        self._session.close()

    def not_ready(self) -> str:
        """Why the store does not answer; empty where it does."""
        return self._session.why

    def samples(self) -> Samples:
        """The counters; from any thread."""
        return {
            "gateline_store_pipelines_total": self.pipelines,
            "gateline_limits_refused_unasked_total": self.refused_unasked,
        }

    def take(self, effect: Take, deadline_s: float, done: Done) -> None:
        """Charge all buckets or none; see `Store.take`."""
        charges = effect.charges
        refusal = self._over_limit.find(charges)
        if refusal is not None:
            self.refused_unasked += 1
            done(refusal)
            return

        command = effect.packed
        if command is None:
            command = effect.packed = self._evalsha(charges)
        own_deadline_s = self._loop.time() + effect.within_s
        if own_deadline_s < deadline_s:  # noqa: PLR1730  # `min` costs a thousand instructions more
            deadline_s = own_deadline_s
        ask = _Charge(command, deadline_s, done)
        ask.charges, ask.over_limit = charges, self._over_limit
        self._ask(ask)

    def command(self, arguments: tuple[Argument, ...], deadline_s: float, done: Done) -> None:
        """Any command that may be sent twice; the reply as hiredis has it, or an `UnavailableError`."""
        self._ask(Ask(pack(arguments), deadline_s, done))

    def _evalsha(self, charges: tuple[Charge, ...]) -> bytes:
        """As `pack` has it; but for the key, users of a limit send the same."""
        parts = [_packed("EVALSHA", self._sha, len(charges))]
        size = 3 + len(charges)
        for charge in charges:
            key = charge.key.encode()
            parts.append(b"$%d\r\n%b\r\n" % (len(key), key))
        for charge in charges:
            parts.append(_packed(charge.algorithm, charge.cost, len(charge.figures), *charge.figures))
            size += 3 + len(charge.figures)
        return b"*%d\r\n" % size + b"".join(parts)

    def _ask(self, ask: Ask) -> None:
        if self._session.link is None:
            ask.fail(self._session.why)
            return
        if not self._asks:
            self._loop.call_soon(self._flush)
        self._asks.append(ask)

    def _flush(self) -> None:
        asks, self._asks = self._asks, []
        link = self._session.link
        if link is None:
            for ask in asks:
                ask.fail(self._session.why)
            return
        self.pipelines += 1
        batch = Batch(self._loop, asks, self)
        link.send([ask.command for ask in asks], [batch.came] * len(asks))

    def failed(self, ask: Ask, error: Exception) -> None:
        """As `Owner.failed`."""
        if isinstance(error, hiredis.ReplyError) and str(error).startswith("NOSCRIPT") and not ask.sent_twice:
            self._send_again(ask)
            return
        # A server's error text may quote what it was sent; its first word is the kind.
        ask.fail(str(error).partition(" ")[0] if isinstance(error, hiredis.ReplyError) else "the connection was lost")

    def _send_again(self, ask: Ask) -> None:
        """Nothing was charged: load the script (a flush took it), and send the charge once more."""
        if ask.done is None:
            return
        ask.sent_twice = True
        if not self._asks:
            self._loop.call_soon(self._flush)
        if not any(waiting.sent_twice for waiting in self._asks):
            self._asks.append(Ask(pack(self._load), ask.deadline_s, _ignore))
        self._asks.append(ask)

    def late(self) -> None:
        """As `Owner.late`."""
        self.late_batches += 1
        if self.late_batches >= LATE_BATCHES:
            self.late_batches = 0
            self._session.drop("does not answer in time")


@lru_cache(maxsize=4096)
def _packed(*arguments: Argument) -> bytes:
    """Arguments of a command, without their number."""
    return pack(arguments).partition(b"\r\n")[2]


def levels_of(reply: list[int]) -> tuple[Level, ...]:
    """The levels of a script's reply (`charge.lua`)."""
    if len(reply) == 5:
        _, allowed, remaining, retry_us, reset_us = reply
        return (Level(allowed == 1, remaining, retry_us / 1e6, reset_us / 1e6),)
    return tuple(
        Level(reply[at] == 1, reply[at + 1], reply[at + 2] / 1e6, reply[at + 3] / 1e6) for at in range(1, len(reply), 4)
    )


def _ignore(_: Any) -> None:
    """The reply to a script that is loaded."""
