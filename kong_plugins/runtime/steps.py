"""MsgPack:1: which event a step belongs to, among this server's processes.

Kong's pool may hand a step to another process than the one that runs the event. An event id tells its process (modulo
their number); the step is then passed on over that process's own socket, and the answer comes back the same way.
"""

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kong_plugins.protocol import msgpack_rpc as rpc
from kong_plugins.runtime.event import FAILED

_FAILED = rpc.pdk_call("kong.response.exit").encode(FAILED)
_LARGEST = 1 << 31
MOST_WAITING = 2048


class Steps:
    """The events of one process that wait for Kong, by their ids."""

    def __init__(self, loop: asyncio.AbstractEventLoop, process: int = 0, peers: list[Path] | None = None) -> None:
        self.waiting: dict[int, Any] = {}
        self._loop = loop
        self._process = process
        self._peers = peers or [Path()]
        self._next = secrets.randbelow(_LARGEST // len(self._peers) - 1)
        self._passing: set[asyncio.Task[None]] = set()

    def wait(self, event_id: int, port: Any) -> None:
        """Keep an event until its step comes; of too many the oldest goes: Kong forgets one whose call fails."""
        self.waiting[event_id] = port
        if len(self.waiting) > MOST_WAITING:
            oldest = self.waiting.pop(next(iter(self.waiting)))
            self._loop.call_soon(oldest.event.expire)  # not from here: this is another plugin's greenlet

    def next_id(self) -> int:
        """An id of this process; a random start keeps a step of a dead server from meeting a new event."""
        count = len(self._peers)
        self._next = (self._next + 1) % (_LARGEST // count - 1)
        return self._next * count + self._process

    def forward(self, event_id: int, message: object, write: Callable[[bytes], None], message_id: int) -> bool:
        """Pass a step on to the process that waits for it; False when that is this one, which then does not know it."""
        owner = event_id % len(self._peers)
        if owner == self._process:
            return False
        task = self._loop.create_task(self._pass(self._peers[owner], event_id, message, write, message_id))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)
        return True

    async def _pass(
        self, peer: Path, event_id: int, message: object, write: Callable[[bytes], None], message_id: int
    ) -> None:
        try:
            reader, writer = await asyncio.open_unix_connection(str(peer))
            try:
                writer.write(rpc.repack(message))
                answers = rpc.MessageReader()
                while True:
                    data = await reader.read(65536)
                    if not data:
                        raise ConnectionError("the other process has gone")
                    complete = answers.feed(data)
                    if complete:
                        write(rpc.repack(complete[0]))
                        return
            finally:
                writer.close()
        except Exception:  # noqa: BLE001 - whatever it is, Kong must have its answer
            write(rpc.ask(message_id, event_id, _FAILED))
