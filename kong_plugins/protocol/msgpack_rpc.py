"""MsgPack:1, sans-io: `[0, id, method, [arguments]]` from Kong, `[1, id, error, result]` from us.

Kong takes a connection from its pool for every *message*: the steps of one event may come over several connections, and
the event id, not the connection, says to which event a step belongs.
"""

from typing import Any

import msgpack  # type: ignore[import-untyped]

from kong_plugins.protocol.errors import ProtocolError, UnknownMethodError, UnserialisableError
from kong_plugins.protocol.messages import PHASES, Call, CloseInstance, HandleEvent, StartInstance, Status, Step
from kong_plugins.protocol.signatures import ONLY_MSGPACK, PROTOBUF, REPEATABLE, TERMINAL

NAME = "MsgPack:1"
MAX_BUFFER_BYTES = 64 * 1024 * 1024
_LARGEST = 1 << 53
_FEW = 256
_packer = msgpack.Packer(unicode_errors="surrogateescape")
_pack = _packer.pack


class PdkCall:
    """How one PDK function travels."""

    __slots__ = ("_head", "_kept", "name", "terminal")

    def __init__(self, name: str) -> None:
        self.name = name
        self.terminal = name in TERMINAL
        self._head: bytes = b"\x82\xa6Method" + _pack(name) + b"\xa4Args"
        self._kept: dict[tuple[object, ...], bytes] | None = {} if name in REPEATABLE else None

    def encode(self, arguments: tuple[object, ...]) -> bytes:
        """The call without its ids, which `ask` adds; raises UnserialisableError."""
        kept = self._kept
        try:
            if kept is None:
                return self._head + self._pack(arguments)
            found = kept.get(arguments)
            if found is None:
                found = self._head + self._pack(arguments)
                if len(kept) < _FEW:
                    kept[arguments] = found
            return found
        except Exception as error:
            shown = ", ".join(type(argument).__name__ for argument in arguments)
            raise UnserialisableError(f"{self.name}({shown}): {error}") from error

    def _pack(self, arguments: tuple[object, ...]) -> bytes:
        if self.name.startswith("kong.log"):
            arguments = tuple(part if isinstance(part, str | int | list | dict) else str(part) for part in arguments)
        packed: bytes = _pack(arguments)
        return packed


def pdk_call(name: str) -> PdkCall:
    """How the function `name` travels; raises UnknownMethodError: Kong would answer 200."""
    name = "kong.log.notice" if name == "kong.log" else name
    if name in PROTOBUF or name in ONLY_MSGPACK:
        return PdkCall(name)
    raise UnknownMethodError(f"{name} is no function of Kong's PDK")


class MessageReader:
    """Cuts a stream into messages, however the reads cut it."""

    __slots__ = ("_fed", "_unpacker", "_used", "partial")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget what has begun."""
        self._unpacker = msgpack.Unpacker(
            raw=False, unicode_errors="surrogateescape", strict_map_key=False, max_buffer_size=MAX_BUFFER_BYTES
        )
        self._fed = self._used = 0
        self.partial = False

    def feed(self, data: bytes) -> list[object]:
        """The messages that are complete with `data`; raises ProtocolError, and the next read begins a message."""
        if not self.partial:
            try:
                return [msgpack.unpackb(data, raw=False, unicode_errors="surrogateescape", strict_map_key=False)]
            except Exception:  # noqa: BLE001, S110 - cut in the middle, or several, or bad: the slow way below tells which
                pass
        try:
            self._unpacker.feed(data)
            self._fed += len(data)
            messages: list[object] = []
            for message in self._unpacker:
                messages.append(message)
                self._used = self._unpacker.tell()
        except Exception as error:
            self.reset()
            raise ProtocolError(f"no MsgPack: {error}") from error
        self.partial = self._used < self._fed
        return messages


def decode_call(message: object) -> Call:
    """The call that Kong makes; raises ProtocolError."""
    if not isinstance(message, list) or len(message) != 4 or message[0] != 0:
        raise ProtocolError("no request of four parts")
    message_id, method, arguments = _id(message[1]), message[2], message[3]
    if not isinstance(arguments, list) or not isinstance(method, str):
        raise ProtocolError("no method with its arguments")
    first: Any = arguments[0] if arguments else None
    if method == "plugin.GetStatus":
        return Status(message_id)
    if method == "plugin.CloseInstance":
        return CloseInstance(message_id, _id(first))
    if not isinstance(first, dict):
        raise ProtocolError(f"{method} without its table")
    if method == "plugin.HandleEvent":
        phase = first.get("EventName")
        if phase not in PHASES:
            raise ProtocolError("an event of no known phase")
        return HandleEvent(message_id, _id(first.get("InstanceId")), phase)
    if method == "plugin.StepError":
        return Step(message_id, _id(first.get("EventId")), None, str(first.get("Data") or "the call failed"))
    if method.startswith("plugin.Step"):
        return Step(message_id, _id(first.get("EventId")), first.get("Data"))
    if method == "plugin.StartInstance":
        name, config = first.get("Name"), first.get("Config")
        if isinstance(name, str) and isinstance(config, str):
            return StartInstance(message_id, name, config)
    raise ProtocolError("a call of no known kind")


def _id(value: object) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and -1 <= value <= _LARGEST:
        return value
    raise ProtocolError("no id")


def ask(message_id: int, event_id: int, call: bytes) -> bytes:
    """Answer `message_id` with the PDK call that the event makes next."""
    return b"\x94\x01" + _number(message_id) + b"\xc0\x82\xa4Data" + call + b"\xa7EventId" + _number(event_id)


def end_of_event(message_id: int, event_id: int) -> bytes:
    """The plugin has finished and the request goes on."""
    return b"\x94\x01" + _number(message_id) + b"\xc0\x82\xa4Data\xa3ret\xa7EventId" + _number(event_id)


def result(message_id: int, value: object) -> bytes:
    """The answer to a call that is no event."""
    packed: bytes = _pack([1, message_id, None, value])
    return packed


def failure(message_id: int, text: str) -> bytes:
    """An error; never in an event (Kong goes on with 200), but for "no plugin instance", after which it starts one."""
    packed: bytes = _pack([1, message_id, text, None])
    return packed


def mismatch() -> bytes:
    """An answer to a message that nobody sent: Kong ends the request with 500."""
    return b"\x94\x01\xff\xc0\xc0"


def _number(value: int) -> bytes:
    packed: bytes = _pack(value)
    return packed


def repack(message: object) -> bytes:
    """A message as it came, for another process."""
    packed: bytes = _pack(message)
    return packed
