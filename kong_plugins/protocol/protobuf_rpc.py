"""ProtoBuf:1, sans-io: Kong's calls to objects, our answers and PDK calls to bytes.

During an event the server sends two frames for a PDK call (the method's name as plain text, its arguments) and Kong
answers with one; an empty frame and an `RpcReturn` end the event.
"""

import struct

from kong_plugins.protocol import call_replies
from kong_plugins.protocol.errors import ProtocolError, UnknownMethodError, UnserialisableError
from kong_plugins.protocol.messages import PHASES, Call, CloseInstance, HandleEvent, StartInstance, Status
from kong_plugins.protocol.pb import plugin_rpc_pb2 as pb
from kong_plugins.protocol.signatures import ONLY_MSGPACK, PROTOBUF, REPEATABLE, TERMINAL
from kong_plugins.protocol.text import to_str
from kong_plugins.protocol.wire import frame, varint

NAME = "ProtoBuf:1"
_PHASE_NAMES = {phase.encode(): phase for phase in PHASES}
_FEW = 256
_DECODE_FAULTS = (IndexError, ValueError, struct.error, ProtocolError, RecursionError)


class PdkCall:
    """How one PDK function travels."""

    __slots__ = ("_decode", "_encode", "_head", "_kept", "name", "terminal")

    def __init__(self, name: str) -> None:
        self.name = name
        self.terminal = name in TERMINAL
        self._encode, self._decode = PROTOBUF[name]
        self._head = frame(name.encode())
        self._kept: dict[tuple[object, ...], bytes] | None = {} if name in REPEATABLE else None

    def encode(self, arguments: tuple[object, ...]) -> bytes:
        """Both frames of the call; raises UnserialisableError."""
        kept = self._kept
        try:
            if kept is None:
                return self._head + frame(self._encode(arguments))
            found = kept.get(arguments)
            if found is None:
                found = self._head + frame(self._encode(arguments))
                if len(kept) < _FEW:
                    kept[arguments] = found
            return found
        except Exception as error:
            raise UnserialisableError(f"{self.name}{_shown(arguments)}: {error}") from error

    def decode(self, data: bytes) -> object:
        """What the plugin gets for Kong's reply; raises ProtocolError."""
        try:
            return self._decode(data)
        except _DECODE_FAULTS as error:
            raise ProtocolError(f"{self.name}: {error}") from error


def pdk_call(name: str) -> PdkCall:
    """How the function `name` travels; raises UnknownMethodError."""
    name = "kong.log.notice" if name == "kong.log" else name
    if name in PROTOBUF:
        return PdkCall(name)
    if name in ONLY_MSGPACK:
        raise UnknownMethodError(
            f"{name} cannot be called over {NAME}: start the server with --protocol msgpack, and its fence"
        )
    raise UnknownMethodError(f"{name} is no function of Kong's PDK")


def decode_call(data: bytes) -> Call:
    """The call that Kong makes; raises ProtocolError."""
    call = call_replies.parse(pb.RpcCall, data)
    kind = call.WhichOneof("call")
    sequence: int = call.sequence
    if kind == "cmd_handle_event":
        event = call.cmd_handle_event
        phase = _PHASE_NAMES.get(event.event_name)
        if phase is None:
            raise ProtocolError("an event of no known phase")
        return HandleEvent(sequence, event.instance_id, phase)
    if kind == "cmd_start_instance":
        return StartInstance(sequence, to_str(call.cmd_start_instance.name), to_str(call.cmd_start_instance.config))
    if kind == "cmd_close_instance":
        return CloseInstance(sequence, call.cmd_close_instance.instance_id)
    if kind == "cmd_get_instance_status":
        return Status(sequence)
    raise ProtocolError("a call of no known kind")


def started(sequence: int, name: str, instance_id: int, started_at_unix_s: int) -> bytes:
    """The answer to StartInstance; without its status Kong would make the next request wait for 10 s."""
    status = pb.InstanceStatus(
        name=name.encode("utf-8", "surrogateescape"), instance_id=instance_id, started_at=started_at_unix_s
    )
    return frame(pb.RpcReturn(sequence=sequence, instance_status=status).SerializeToString())


def closed(sequence: int, instance_id: int) -> bytes:
    """The answer to CloseInstance and to Status."""
    return frame(
        pb.RpcReturn(sequence=sequence, instance_status=pb.InstanceStatus(instance_id=instance_id)).SerializeToString()
    )


def end_of_event(sequence: int) -> bytes:
    """The plugin has finished and the request goes on."""
    number = b"\x08" + varint(sequence & (1 << 64) - 1) if sequence else b""
    return b"\x00\x00\x00\x00" + frame(number)


def refusal(text: str) -> bytes:
    """A call of a function that does not exist, which Kong answers with 500 and logs; the last resort.

    Kong would try again without end for a text that holds "closed" or "no plugin instance".
    """
    calm = text.replace("closed", "shut").replace("no plugin instance", "unknown instance")
    return frame(calm.encode("utf-8", "replace")[:200] or b"fault") + frame(b"")


def _shown(arguments: tuple[object, ...]) -> str:
    return "(" + ", ".join(type(argument).__name__ for argument in arguments) + ")"
