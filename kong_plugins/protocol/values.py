"""`Value`, `Struct` and key/value pairs of ProtoBuf:1, encoded and decoded by hand: they are most of what travels."""

import struct

from kong_plugins.protocol.errors import ProtocolError
from kong_plugins.protocol.text import to_bytes, to_str
from kong_plugins.protocol.wire import DELIMITED, FIXED64, VARINT, delimited, fields

_DOUBLE = struct.Struct("<d")
_DEEPEST = 64


def encode_value(value: object) -> bytes:
    """A `Value` message; raises TypeError for what has no kind in it. Whole numbers become doubles."""
    if isinstance(value, str | bytes | bytearray | memoryview):
        return b"\x1a" + delimited(to_bytes(value))
    if value is None:
        return b"\x08\x01"  # Kong's own encoding of nil, as recorded
    if isinstance(value, bool):
        return b"\x20\x01" if value else b"\x20\x00"
    if isinstance(value, int | float):
        return b"\x11" + _DOUBLE.pack(value)
    if isinstance(value, dict):
        return b"\x2a" + delimited(encode_struct(value))
    if isinstance(value, list | tuple):
        if any(item is None or item is False for item in value):
            raise TypeError("a list that holds False or None: Kong ends the list there")
        return b"\x32" + delimited(b"".join(b"\x0a" + delimited(encode_value(item)) for item in value))
    raise TypeError(f"a value of type {type(value).__name__}")


def encode_struct(entries: dict[object, object]) -> bytes:
    """A `Struct` message, its entries in the dict's order, those of None left out; keys: strings, whole numbers."""
    return b"".join(b"\x0a" + delimited(_pair(key, value)) for key, value in entries.items() if value is not None)


def encode_kv(key: object, value: object) -> bytes:
    """A `KV` message; a value of None is left out, which Kong reads as nil."""
    return _pair(key, value) if value is not None else b"\x0a" + delimited(_key(key))


def _pair(key: object, value: object) -> bytes:
    return b"\x0a" + delimited(_key(key)) + b"\x12" + delimited(encode_value(value))


def _key(key: object) -> bytes:
    if type(key) is int:
        return str(key).encode()
    if isinstance(key, str | bytes):
        return to_bytes(key)
    raise TypeError(f"a key of type {type(key).__name__}")


def decode_value(data: bytes, depth: int = 0) -> object:
    """A `Value` message as str, float, bool, None, dict or list; of several kinds the last one counts."""
    if data[:1] == b"\x1a" and len(data) > 1 and data[1] == len(data) - 2 < 128:
        return to_str(data[2:])  # the hot case: a short string, and nothing else
    if depth > _DEEPEST:
        raise ProtocolError("a value is nested too deeply")
    value: object = None
    for number, kind, raw in fields(data):
        if number == 3 and kind == DELIMITED:
            value = to_str(_raw(raw))
        elif number == 2 and kind == FIXED64:
            value = _DOUBLE.unpack(_raw(raw))[0]
        elif number == 4 and kind == VARINT:
            value = raw != 0
        elif number == 5 and kind == DELIMITED:
            value = decode_struct(_raw(raw), depth + 1)
        elif number == 6 and kind == DELIMITED:
            items = (_raw(item) for inner, wire, item in fields(_raw(raw)) if inner == 1 and wire == DELIMITED)
            value = [decode_value(item, depth + 1) for item in items]
        elif number == 1 and kind == VARINT:
            value = None
    return value


def decode_struct(data: bytes, depth: int = 0) -> dict[str, object]:
    """A `Struct` message; of a repeated key the last entry counts."""
    entries: dict[str, object] = {}
    for number, kind, raw in fields(data):
        if number == 1 and kind == DELIMITED:
            key, value = decode_pair(_raw(raw), depth)
            entries[key] = value
    return entries


def decode_pair(data: bytes, depth: int = 0) -> tuple[str, object]:
    """One entry of a `Struct`, or a `KV`."""
    key, value = "", None
    for number, kind, raw in fields(data):
        if number == 1 and kind == DELIMITED:
            key = to_str(_raw(raw))
        elif number == 2 and kind == DELIMITED:
            value = decode_value(_raw(raw), depth)
    return key, value


def decode_string(data: bytes) -> str | None:
    """A message with one string in field 1; None when empty, for Kong sends absent and empty alike."""
    if not data:
        return None
    if data[0] == 0x0A and len(data) > 1 and data[1] == len(data) - 2 < 128:
        return to_str(data[2:])
    return to_str(decode_bytes(data))


def decode_bytes(data: bytes) -> bytes:
    """A message with one string in field 1, as it came; empty when absent."""
    found = b""
    for number, kind, raw in fields(data):
        if number == 1 and kind == DELIMITED:
            found = _raw(raw)
    return found


def _raw(value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    raise ProtocolError("a number where a string belongs")
