"""From Kong's reply to a PDK call over ProtoBuf:1 to what kong-pdk hands to a plugin."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from google.protobuf.message import DecodeError, Message

from kong_plugins.protocol.errors import ProtocolError
from kong_plugins.protocol.pb import plugin_rpc_pb2 as pb
from kong_plugins.protocol.text import to_str
from kong_plugins.protocol.texts import texts
from kong_plugins.protocol.values import decode_bytes, decode_string, decode_struct, decode_value

Decode: TypeAlias = Callable[[bytes], object]


def nothing(data: bytes) -> None:
    """No reply."""
    if data:
        raise ProtocolError("a reply where none belongs")


def string(data: bytes) -> str | None:
    """A string, None when absent or empty."""
    return decode_string(data)


def text(data: bytes) -> str:
    """A string that is always there, and may be empty."""
    return decode_string(data) or ""


def raw(data: bytes) -> bytes:
    """A body."""
    return decode_bytes(data)


def value(data: bytes) -> object:
    """Anything that ctx.shared holds."""
    return decode_value(data)


def multimap(data: bytes) -> dict[str, object]:
    """Headers or arguments, each name with the list of its values (Kong sends a single one bare)."""
    plain = texts(data)
    if plain is not None:
        return {name: [found] for name, found in plain.items()}
    return {name: _values(found) for name, found in decode_struct(data).items()}


def _values(found: object) -> list[object]:
    if isinstance(found, list):
        return found
    return [] if found is True else [found]


def integer(data: bytes) -> int:
    """A whole number."""
    return int(parse(pb.Int, data).v)


def number(data: bytes) -> float:
    """A number."""
    return float(parse(pb.Number, data).v)


def boolean(data: bytes) -> bool:
    """A boolean."""
    return bool(parse(pb.Bool, data).v)


@dataclass(frozen=True, slots=True)
class BodyFile:
    """A request body that nginx has written to a file, because it is larger than `client_body_buffer_size` (8 kB)."""

    path: str


def body(data: bytes) -> bytes | BodyFile:
    """A request body, or where it is."""
    found = parse(pb.RawBodyResult, data)
    kind = found.WhichOneof("kind")
    if kind == "body_filepath":
        return BodyFile(to_str(found.body_filepath))
    if kind == "error":
        raise ProtocolError(f"Kong cannot read the body: {to_str(found.error)}")
    return bytes(found.content)


def captures(data: bytes) -> dict[str, object]:
    """The captures of a route's regular expression."""
    found = parse(pb.UriCapturesResult, data)
    return {
        "unnamed": [to_str(part) for part in found.unnamed],
        "named": {to_str(entry.key): to_str(entry.value) for entry in found.named},
    }


def entity(kind: type[Message]) -> Decode:
    """A decoder of Kong's entities: a dict of the fields that are set, None when Kong has none."""

    def decode(data: bytes) -> dict[str, object] | None:
        return _to_dict(parse(kind, data)) if data else None

    return decode


def parse(kind: type[Message], data: bytes) -> Any:
    """`data` as a generated message; Any, because protobuf's classes are made at run time."""
    try:
        return kind.FromString(data)
    except DecodeError as error:
        raise ProtocolError(f"no {kind.__name__}: {error}") from error


def _to_dict(message: Message) -> dict[str, object]:
    return {field.name: _field(found) for field, found in message.ListFields()}


def _field(found: Any) -> object:
    if isinstance(found, bytes):
        return to_str(found)
    if isinstance(found, Message):
        return _to_dict(found)
    if isinstance(found, str | int | float):
        return found
    return [_field(item) for item in found]
