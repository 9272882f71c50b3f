"""One connection to a Redis or Valkey: commands go out as they come, replies come back in that order.

Parsing is hiredis'. The rest is thin on purpose: redis-py's asyncio client costs several times as much of the
processor for the same pipeline (see `bench/redis_client.py` for the figures).
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import hiredis

from gateline.runtime.redis_address import RedisAddress

Argument = str | bytes | int
# Gets a command's reply, an error reply (`hiredis.ReplyError`), or the ConnectionError that came instead.
OnReply = Callable[[Any], None]
Lost = Callable[["Link"], None]

_MORE = object()  # a reply is not whole yet

pack: Callable[[tuple[Argument, ...]], bytes] = hiredis.pack_command


class Link(asyncio.Protocol):
    """A connection. `lost` is told once, after everybody who waited."""

    def __init__(self, lost: Lost) -> None:
        self._lost = lost
        self._reader = hiredis.Reader(notEnoughData=_MORE)
        self._waiting: deque[OnReply] = deque()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = transport  # type: ignore[assignment]  # a stream's transport has write

    def send(self, commands: Sequence[bytes], replies: Sequence[OnReply]) -> None:
        """Write packed commands at once; each has its place in `replies`."""
        transport = self._transport
        if transport is None or transport.is_closing():
            gone = ConnectionError("closed")
            for on_reply in replies:
                on_reply(gone)
            return
        self._waiting.extend(replies)
        transport.write(b"".join(commands))

    def data_received(self, data: bytes) -> None:
        """Hand out the replies that are whole."""
        self._reader.feed(data)
        waiting = self._waiting
        try:
            while (reply := self._reader.gets()) is not _MORE:
                waiting.popleft()(reply)
        except (hiredis.ProtocolError, IndexError):
            # Not the protocol, or a reply that nobody asked for: nothing on this connection can be trusted.
            self.abort()

    def abort(self) -> None:
        """End it now."""
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everybody who waits."""
        gone = ConnectionError(str(exc) if exc else "closed")
        waiting, self._waiting = self._waiting, deque()
        for on_reply in waiting:
            on_reply(gone)
        self._lost(self)


async def connect(address: RedisAddress, lost: Lost) -> Link:
    """Open a connection; OSError where that fails."""
    loop = asyncio.get_running_loop()
    link = Link(lost)
    if address.path:
        await loop.create_unix_connection(lambda: link, address.path)
    else:
        tls = ssl.create_default_context() if address.tls else None
        await loop.create_connection(lambda: link, address.host, address.port, ssl=tls)
    return link


async def ask(link: Link, *commands: tuple[Argument, ...]) -> list[Any]:
    """The replies to commands; ConnectionError or `hiredis.ReplyError` where one fails."""
    loop = asyncio.get_running_loop()
    futures: list[asyncio.Future[Any]] = [loop.create_future() for _ in commands]
    link.send([pack(command) for command in commands], [_into(future) for future in futures])
    return [await future for future in futures]


def _into(future: asyncio.Future[Any]) -> OnReply:
    def on_reply(reply: Any) -> None:
        if future.cancelled():
            return
        if isinstance(reply, Exception):
            future.set_exception(reply)
        else:
            future.set_result(reply)

    return on_reply
