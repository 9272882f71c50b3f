"""From the arguments of a PDK call in Python to the message that ProtoBuf:1 wants for it."""

from collections.abc import Callable
from typing import TypeAlias

from google.protobuf.message import Message

from kong_plugins.protocol.pb import plugin_rpc_pb2 as pb
from kong_plugins.protocol.text import to_bytes
from kong_plugins.protocol.values import encode_kv, encode_struct, encode_value
from kong_plugins.protocol.wire import delimited, varint

Arguments: TypeAlias = tuple[object, ...]
Encode: TypeAlias = Callable[[Arguments], bytes]


def nothing(arguments: Arguments) -> bytes:
    """No argument; what a plugin gives all the same (`get_raw_body(0)`) cannot travel and is not missed."""
    del arguments
    return b""


def string(arguments: Arguments) -> bytes:
    """One string."""
    (text,) = arguments
    return b"\x0a" + delimited(_string(text))


def integer(arguments: Arguments) -> bytes:
    """One whole number of 32 bits."""
    (number,) = arguments
    return _integer(number)


def count(arguments: Arguments) -> bytes:
    """How many headers or arguments at most; 100 without one, as in Lua (Kong has no default over ProtoBuf:1)."""
    return _integer(arguments[0]) if arguments and arguments[0] is not None else _integer(100)


def boolean(arguments: Arguments) -> bytes:
    """One boolean, false when left out."""
    return b"\x08\x01" if arguments and arguments[0] else b""


def key_value(arguments: Arguments) -> bytes:
    """A name and a value."""
    key, value = arguments
    if type(key) is str and type(value) is str:
        raw = to_bytes(value)
        return b"\x0a" + delimited(to_bytes(key)) + b"\x12" + delimited(b"\x1a" + delimited(raw))
    return encode_kv(key, value)


def table(arguments: Arguments) -> bytes:
    """One dict."""
    (entries,) = arguments
    if not isinstance(entries, dict):
        raise TypeError("takes a dict")
    return encode_struct(entries)


def log_line(arguments: Arguments) -> bytes:
    """Whatever the plugin logs; what has no kind of its own is written as Python writes it."""
    parts = (
        part if isinstance(part, str | bytes | int | float) and part is not False else str(part) for part in arguments
    )
    return b"".join(b"\x0a" + delimited(encode_value(part)) for part in parts)


def exit_arguments(arguments: Arguments) -> bytes:
    """Status, body, headers. A dict as the body is written as JSON, as Kong does where it can take a table."""
    status, body, headers = (*arguments, None, None, None)[:3]
    out = _integer(status if status is not None else 200)
    raw, is_json = _body(body)
    if raw is not None:
        out += b"\x12" + delimited(raw)
    entries: dict[object, object] = dict(headers) if isinstance(headers, dict) else {}
    if headers is not None and not isinstance(headers, dict):
        raise TypeError("headers are a dict")
    if is_json and not any(str(name).lower() == "content-type" for name in entries):
        entries["Content-Type"] = "application/json; charset=utf-8"
    return out + b"\x1a" + delimited(encode_struct(entries)) if entries else out


def target(arguments: Arguments) -> bytes:
    """Host and port."""
    host, port = arguments
    return _bytes(pb.Target(host=_string(host), port=_whole(port)))


def consumer_spec(arguments: Arguments) -> bytes:
    """An id, or a name with `search_by_username`."""
    spec, by_username = (*arguments, None)[:2]
    return _bytes(pb.ConsumerSpec(id=_string(spec), by_username=bool(by_username)))


def authentication(arguments: Arguments) -> bytes:
    """A consumer and a credential, either of which may be None."""
    consumer, credential = (*arguments, None)[:2]
    message = pb.AuthenticateArgs()
    if consumer is not None:
        message.consumer.CopyFrom(_consumer(consumer))
    if credential is not None:
        fields = {
            name: _string(value) for name, value in _dict(credential).items() if name in {"id", "consumer_id"} and value
        }
        message.credential.CopyFrom(pb.AuthenticatedCredential(**fields))
    return _bytes(message)


def _consumer(value: object) -> pb.Consumer:
    given = _dict(value)
    message = pb.Consumer(created_at=_whole(given.get("created_at") or 0))
    for name in ("id", "username", "custom_id"):
        if given.get(name) is not None:
            setattr(message, name, _string(given[name]))
    tags = given.get("tags") or ()
    message.tags.extend(_string(tag) for tag in tags if tag is not None) if isinstance(tags, list | tuple) else None
    return message


def _body(body: object) -> tuple[bytes | None, bool]:
    if body is None:
        return None, False
    if isinstance(body, dict | list | tuple):
        import json  # noqa: PLC0415 - only for plugins that leave the encoding to Kong

        return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogateescape"), True
    return _string(body), False


def _bytes(message: Message) -> bytes:
    return message.SerializeToString()


def _dict(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError("takes a dict")
    return value


def _string(value: object) -> bytes:
    if not isinstance(value, str | bytes | bytearray | memoryview):
        raise TypeError(f"takes a string, not {type(value).__name__}")
    return to_bytes(bytes(value) if isinstance(value, bytearray | memoryview) else value)


def _whole(value: object) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"takes a whole number, not {type(value).__name__}")
    return value


def _integer(value: object) -> bytes:
    number = _whole(value)
    if not -(1 << 31) <= number < 1 << 31:
        raise ValueError("a number of more than 32 bits")
    return b"\x08" + varint(number & (1 << 64) - 1) if number else b""
