"""One connection of Kong over ProtoBuf:1: one event at a time, and its PDK calls between.

It is never closed while Kong waits for an event, because Kong would try again without end; but for an unknown
instance id, where Kong starts a new instance and tries once more.
"""

import asyncio
import time
from typing import Any, cast

from kong_plugins.protocol import protobuf_rpc as rpc
from kong_plugins.protocol.errors import ProtocolError
from kong_plugins.protocol.messages import CloseInstance, HandleEvent, StartInstance
from kong_plugins.protocol.wire import FrameReader
from kong_plugins.runtime.event import FAILED, Event
from kong_plugins.runtime.link import LinkServer

_FAILED = rpc.pdk_call("kong.response.exit").encode(FAILED)
_REFUSED = rpc.refusal("gateline-kong-server: the event failed")


class StartPort:
    """How the start of an instance is answered."""

    __slots__ = ("_link", "_message_id")

    def __init__(self, link: "ProtoBufLink", message_id: int) -> None:
        self._link = link
        self._message_id = message_id

    def ask(self, data: bytes) -> None:
        """A plugin's `__init__` gets no `kong`: there is no request."""
        raise RuntimeError(f"a PDK call of {len(data)} bytes while an instance starts")

    exit = ask

    def end(self, result: Any) -> None:
        """It runs: `result` is its id and its plugin's name."""
        instance_id, name = result
        self._link.started(instance_id, rpc.started(self._message_id, name, instance_id, int(time.time())))

    def fail(self) -> None:
        """Kong reports 500, and starts it again with the next request."""
        self._link.transport.close()


class ProtoBufLink(asyncio.Protocol):
    """A connection; also the port of the event that runs on it."""

    def __init__(self, server: LinkServer) -> None:
        self._server = server
        self._reader = FrameReader()
        self._event: Event | None = None
        self._sequence = 0
        self._ended = False  # after an exit Kong closes; whatever comes before that is no call
        self._owed = 0  # replies to calls of an event that has ended meanwhile
        self._timed = False
        self.deadline_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Kong has connected."""
        self.transport = cast(asyncio.Transport, transport)
        self.write = self.transport.write
        self._server.attach(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Kong has gone: after an exit, at a timeout of its own, or with its worker."""
        del exc
        self._server.detach(self)
        self._server.deadlines.discard(self)
        event, self._event = self._event, None
        if event is not None:
            event.lose()

    def data_received(self, data: bytes) -> None:
        """Bytes of Kong, cut anywhere."""
        try:
            for frame in self._reader.feed(data):
                self._on_frame(frame)
        except ProtocolError:
            self.expire()
        except Exception as error:  # noqa: BLE001 - whatever it is, a closed connection would be tried again for ever
            self._server.faults.report("gateline-kong-server", "connection", error)
            self.expire()
        if self._reader.partial is not self._timed:
            self._timed = not self._timed
            (self._server.deadlines.add if self._timed else self._server.deadlines.discard)(self)

    def expire(self) -> None:
        """A frame is bad, or has not come to its end in time: whatever Kong waits for becomes a 500."""
        event = self._event
        if event is not None:
            event.reject(ProtocolError("Kong's bytes are no frames"))
        else:
            self.write(_REFUSED)
        self._ended = True

    def _on_frame(self, frame: bytes) -> None:
        event = self._event
        if event is not None:
            method = event.pending
            if method is None:
                event.reject(ProtocolError("Kong speaks out of turn"))
                return
            try:
                reply = method.decode(frame)
            except ProtocolError as error:
                event.reject(error)
                return
            event.answer(reply)
        elif self._owed:
            self._owed -= 1
        elif self._ended:
            self.write(_REFUSED)
        else:
            self._on_call(frame)

    def _on_call(self, frame: bytes) -> None:
        try:
            call = rpc.decode_call(frame)
        except ProtocolError:
            self.write(_REFUSED)
            self._ended = True
            return
        if type(call) is HandleEvent:
            self._sequence = call.message_id
            event = self._server.event(call.instance_id, call.phase, self)
            if event is None:
                self.transport.close()
            else:
                self._event = event
                event.begin()
        elif isinstance(call, StartInstance):
            self._server.start_instance(call.plugin, call.config, StartPort(self, call.message_id)).begin()
        elif isinstance(call, CloseInstance):
            self._server.close_instance(call.instance_id)
            self.write(rpc.closed(call.message_id, call.instance_id))
        else:
            self.write(rpc.closed(call.message_id, 0))

    def started(self, instance_id: int, answer: bytes) -> None:
        """Tell Kong of an instance. One for which it no longer waits would be nobody's."""
        if self.transport.is_closing():
            self._server.close_instance(instance_id)
        else:
            self.write(answer)

    # The port of the event.

    def ask(self, data: bytes) -> None:
        """Write a PDK call."""
        self.write(data)

    def end(self, result: Any) -> None:
        """The request goes on; the connection is free again."""
        del result
        self._leave()
        self._ended = False
        self.write(rpc.end_of_event(self._sequence))

    def exit(self, data: bytes) -> None:
        """The plugin's answer; Kong closes the connection now."""
        self._leave()
        self.write(data)

    def fail(self) -> None:
        """Ours; Kong reads it when it has answered what it may still owe."""
        self._leave()
        self.write(_FAILED)

    def _leave(self) -> None:
        event, self._event = self._event, None
        self._owed = 1 if event is not None and event.pending is not None else 0
        self._ended = True
