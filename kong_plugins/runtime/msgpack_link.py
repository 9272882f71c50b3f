"""Kong over MsgPack:1: any message of any event on any connection.

Kong goes on with 200 when a connection closes, when nothing comes, and when an error string comes. So a message is
always answered: a failed event with `kong.response.exit(500)`, bad bytes with an answer to a message that nobody
sent.
"""

import asyncio
import time
from typing import Any, cast

from kong_pdk.exception import PDKException

from kong_plugins.protocol import msgpack_rpc as rpc
from kong_plugins.protocol.errors import ProtocolError
from kong_plugins.protocol.messages import CloseInstance, HandleEvent, StartInstance, Status, Step
from kong_plugins.runtime.event import FAILED, Event
from kong_plugins.runtime.link import LinkServer
from kong_plugins.runtime.steps import Steps

_FAILED = rpc.pdk_call("kong.response.exit").encode(FAILED)


class StartPort:
    """How the start of an instance is answered."""

    __slots__ = ("_config", "_link", "_message_id")

    def __init__(self, link: "MsgPackLink", message_id: int, config: str) -> None:
        self._link = link
        self._message_id = message_id
        self._config = config

    def ask(self, data: bytes) -> None:
        """A plugin's `__init__` gets no `kong`: there is no request."""
        raise RuntimeError(f"a PDK call of {len(data)} bytes while an instance starts")

    exit = ask

    def end(self, result: Any) -> None:
        """It runs: `result` is its id and its plugin's name."""
        instance_id, name = result
        answer = {"Name": name, "Id": instance_id, "Config": self._config, "StartTime": time.time()}
        self._link.started(instance_id, rpc.result(self._message_id, answer))

    def fail(self) -> None:
        """Kong reports 500: an error is safe while no event runs."""
        if not self._link.transport.is_closing():
            why = "the plugin could not start: see the log of gateline-kong-server"
            self._link.write(rpc.failure(self._message_id, why))


class EventPort:
    """One event; it moves with every step to the connection that brought it."""

    __slots__ = ("_steps", "event", "event_id", "link", "message_id")

    def __init__(self, steps: Steps, link: "MsgPackLink", message_id: int) -> None:
        self._steps = steps
        self.link: MsgPackLink | None = link
        self.message_id = message_id
        self.event_id = steps.next_id()
        self.event: Event | None = None

    def ask(self, data: bytes) -> None:
        """Answer with a PDK call, and wait for its step."""
        self._answer(rpc.ask(self.message_id, self.event_id, data))
        self._steps.wait(self.event_id, self)

    def end(self, result: Any) -> None:
        """The request goes on."""
        del result
        self._steps.waiting.pop(self.event_id, None)
        self._answer(rpc.end_of_event(self.message_id, self.event_id))

    def exit(self, data: bytes) -> None:
        """The plugin's answer; Kong takes no step after it."""
        self._answer(rpc.ask(self.message_id, self.event_id, data))

    def fail(self) -> None:
        """Ours. While Kong is at work on a call there is nobody to tell: its step finds no event, and is refused."""
        self._steps.waiting.pop(self.event_id, None)
        self._answer(rpc.ask(self.message_id, self.event_id, _FAILED))

    def step(self, link: "MsgPackLink", step: Step) -> None:
        """Kong's reply, on this connection."""
        event = self.event
        if event is None:
            return
        self.link, self.message_id = link, step.message_id
        link.ports.add(self)
        event.answer(step.reply if step.error is None else PDKException(step.error))

    def _answer(self, data: bytes) -> None:
        link, self.link = self.link, None
        if link is not None:
            link.ports.discard(self)
            link.write(data)


class MsgPackLink(asyncio.Protocol):
    """A connection, and the events that owe an answer on it (one, from Kong)."""

    def __init__(self, server: LinkServer, steps: Steps) -> None:
        self._server = server
        self._steps = steps
        self._reader = rpc.MessageReader()
        self._timed = False
        self.ports: set[EventPort] = set()
        self.deadline_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Kong has connected."""
        self.transport = cast(asyncio.Transport, transport)
        self.write = self.transport.write
        self._server.attach(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Kong has gone, and with it who waited here."""
        del exc
        self._server.detach(self)
        self._server.deadlines.discard(self)
        for port in list(self.ports):
            if port.event is not None:
                port.event.lose()
        self.ports.clear()

    def data_received(self, data: bytes) -> None:
        """Bytes of Kong, cut anywhere."""
        try:
            for message in self._reader.feed(data):
                self._on_message(message)
        except ProtocolError:
            self.write(rpc.mismatch())
        except Exception as error:  # noqa: BLE001 - whatever it is, Kong would let the request pass on a closed connection
            self._server.faults.report("gateline-kong-server", "connection", error)
            self.write(rpc.mismatch())
        if self._reader.partial is not self._timed:
            self._timed = not self._timed
            (self._server.deadlines.add if self._timed else self._server.deadlines.discard)(self)

    def expire(self) -> None:
        """A message has not come to its end in time."""
        self._reader.reset()
        self._timed = False
        self.write(rpc.mismatch())

    def _on_message(self, message: object) -> None:
        call = rpc.decode_call(message)
        if type(call) is Step:
            port = self._steps.waiting.pop(call.event_id, None)
            if port is not None:
                port.step(self, call)
            elif not self._steps.forward(call.event_id, message, self.write, call.message_id):
                self.write(rpc.ask(call.message_id, call.event_id, _FAILED))
        elif type(call) is HandleEvent:
            self._on_event(call)
        elif isinstance(call, StartInstance):
            self._server.start_instance(call.plugin, call.config, StartPort(self, call.message_id, call.config)).begin()
        elif isinstance(call, CloseInstance):
            known = self._server.close_instance(call.instance_id)
            unknown = rpc.failure(call.message_id, f"no plugin instance #{call.instance_id}")
            self.write(rpc.result(call.message_id, {"Id": call.instance_id}) if known else unknown)
        elif isinstance(call, Status):
            self.write(rpc.result(call.message_id, {"Server": "gateline-kong-server"}))

    def started(self, instance_id: int, answer: bytes) -> None:
        """Tell Kong of an instance. One for which it no longer waits would be nobody's."""
        if self.transport.is_closing():
            self._server.close_instance(instance_id)
        else:
            self.write(answer)

    def _on_event(self, call: HandleEvent) -> None:
        port = EventPort(self._steps, self, call.message_id)
        event = self._server.event(call.instance_id, call.phase, port)
        if event is None:
            self.write(rpc.failure(call.message_id, f"no plugin instance #{call.instance_id}"))
            return
        port.event = event
        self.ports.add(port)
        event.begin()
