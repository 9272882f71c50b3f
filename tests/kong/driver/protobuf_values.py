"""Between Lua's values and the messages of ProtoBuf:1, with what gets lost on the way in Kong."""

from typing import Any

from kong_plugins.protocol.pb import plugin_rpc_pb2 as pb
from tests.kong.driver.lua import LuaError, table

E, S, B, I, N, V, KV, ST, LI = "Empty", "String", "Bool", "Int", "Number", "Value", "KV", "Struct", "ListValue"  # noqa: E741


def _all(prefix: str, names: str, takes: str, gives: str) -> dict[str, tuple[str, str]]:
    return {f"kong.{prefix}{name}": (takes, gives) for name in names.split()}


METHODS: dict[str, tuple[str, str]] = {
    **_all("client.", "get_ip get_forwarded_ip", E, S),
    **_all("client.", "get_port get_forwarded_port", E, I),
    **_all("client.", "get_credential", E, "AuthenticatedCredential"),
    **_all("client.", "load_consumer", "ConsumerSpec", "Consumer"),
    **_all("client.", "get_consumer", E, "Consumer"),
    **_all("client.", "authenticate", "AuthenticateArgs", E),
    **_all("client.", "get_protocol", B, S),
    **_all("ctx.shared.", "set", KV, E),
    **_all("ctx.shared.", "get", S, V),
    **_all("ip.", "is_trusted", S, B),
    **_all("log.", "alert crit err warn notice info debug", LI, E),
    **_all("log.", "set_serialize_value", KV, E),
    **_all("log.", "serialize", E, S),
    **_all("nginx.", "get_var", S, S),
    **_all("nginx.", "get_tls1_version_str get_subsystem", E, S),
    **_all("nginx.", "set_ctx", KV, S),
    **_all("nginx.", "get_ctx", S, V),
    **_all("nginx.", "req_start_time", E, N),
    **_all("node.", "get_id", E, S),
    **_all("node.", "get_memory_stats", E, "MemoryStats"),
    **_all("request.", "get_scheme get_host get_forwarded_scheme get_forwarded_host get_method", E, S),
    **_all("request.", "get_path get_path_with_query get_raw_query", E, S),
    **_all("request.", "get_port get_forwarded_port", E, I),
    **_all("request.", "get_http_version", E, N),
    **_all("request.", "get_query_arg get_header", S, S),
    **_all("request.", "get_query get_headers", I, ST),
    **_all("request.", "get_raw_body", E, "RawBodyResult"),
    **_all("request.", "get_uri_captures", E, "UriCapturesResult"),
    **_all("response.", "get_status", E, I),
    **_all("response.", "get_header", S, S),
    **_all("response.", "get_headers", I, ST),
    **_all("response.", "get_source", E, S),
    **_all("response.", "set_status", I, E),
    **_all("response.", "set_header add_header", KV, E),
    **_all("response.", "clear_header", S, E),
    **_all("response.", "set_headers", ST, E),
    **_all("response.", "exit", "ExitArgs", E),
    **_all("router.", "get_route", E, "Route"),
    **_all("router.", "get_service", E, "Service"),
    **_all("service.", "set_upstream", S, B),
    **_all("service.", "set_target", "Target", E),
    **_all("service.request.", "set_scheme set_path set_raw_query set_method clear_header set_raw_body", S, E),
    **_all("service.request.", "set_query set_headers", ST, E),
    **_all("service.request.", "set_header add_header", KV, E),
    **_all("service.response.", "get_status", E, I),
    **_all("service.response.", "get_header", S, S),
    **_all("service.response.", "get_headers", I, ST),
    **_all("service.response.", "get_raw_body", E, S),
}
SIMPLE = {S: pb.Bytes, B: pb.Bool, I: pb.Int, N: pb.Number}


def unwrap(kind: str, data: bytes) -> tuple[object, ...]:
    """The arguments that Kong passes to the Lua function; raises DecodeError."""
    if kind == E:
        return ()
    if kind in SIMPLE:
        return (SIMPLE[kind].FromString(data).v,)
    if kind == KV:
        pair = pb.KV.FromString(data)
        return (pair.k, from_value(pair.v) if pair.HasField("v") else None)
    if kind == ST:
        return (from_struct(pb.Struct.FromString(data)),)
    if kind == LI:
        return tuple(from_value(item) for item in pb.ListValue.FromString(data).values)
    if kind == "ExitArgs":
        given = pb.ExitArgs.FromString(data)
        body = given.body if "body" in {field.name for field, _ in given.ListFields()} else None
        return (given.status, body, from_struct(given.headers) if given.HasField("headers") else None)
    message = getattr(pb, kind).FromString(data)
    if kind == "Target":
        return (message.host, message.port)
    if kind == "ConsumerSpec":
        return (message.id, message.by_username)
    return tuple(
        _entity(getattr(message, part)) if message.HasField(part) else None for part in ("consumer", "credential")
    )


def wrap(kind: str, value: object, body_file: bytes) -> bytes:
    """Kong's reply; raises LuaError where its encoder does."""
    if kind == "RawBodyResult":
        result = pb.RawBodyResult(content=value) if value is not None else pb.RawBodyResult(body_filepath=body_file)
        return bytes(result.SerializeToString())
    try:
        return bytes(_wrap(kind, value))
    except (TypeError, ValueError) as error:
        raise LuaError(f"bad reply: {error}") from error


def _wrap(kind: str, value: object) -> bytes:
    if kind == E:
        return b""
    if kind in SIMPLE:
        made = SIMPLE[kind](v=value) if value is not None else SIMPLE[kind]()
        return bytes(made.SerializeToString())
    if kind == V:
        return bytes(to_value(value).SerializeToString())
    if kind == ST:
        if not isinstance(value, dict):
            raise TypeError("no table")
        return bytes(to_struct(value).SerializeToString())
    if value is None:
        return b""
    return bytes(_to_message(getattr(pb, kind)(), value).SerializeToString())


def from_value(value: Any) -> object:
    """As Kong's `structpb_value`: false is lost, because it looks on after it."""
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        out = []
        for item in value.list_value.values:
            found = from_value(item)
            if found is None:
                break
            out.append(found)
        return out or {}
    if kind == "struct_value":
        return from_struct(value.struct_value)
    if kind == "bool_value":
        return True if value.bool_value else None
    if kind == "null_value":
        return b"NULL_VALUE" if value.null_value == 0 else value.null_value
    return getattr(value, kind) if kind else None


def from_struct(struct: Any) -> dict[object, object]:
    """A table."""
    out = {entry.key: from_value(entry.value) for entry in struct.fields}
    return {key: value for key, value in out.items() if value is not None}


def to_value(value: object) -> Any:
    """As Kong's `structpb_value` of the other way."""
    if value is None:
        return pb.Value(null_value=1)
    if isinstance(value, bool):
        return pb.Value(bool_value=value)
    if isinstance(value, int | float):
        return pb.Value(number_value=value)
    if isinstance(value, bytes):
        return pb.Value(string_value=value)
    found = table(value)
    if isinstance(found, list):
        return pb.Value(list_value=pb.ListValue(values=[to_value(item) for item in found]))
    return pb.Value(struct_value=to_struct(found))  # type: ignore[arg-type]


def to_struct(value: dict[object, object]) -> Any:
    """A `Struct`."""
    entries = [pb.Entry(key=key, value=to_value(item)) for key, item in value.items()]
    return pb.Struct(fields=entries)


def _entity(message: Any) -> dict[object, object]:
    return {field.name.encode(): list(found) if field.is_repeated else found for field, found in message.ListFields()}


def _to_message(message: Any, value: Any) -> Any:
    names = {field.name for field in message.DESCRIPTOR.fields}
    for key, item in value.items():
        name = key.decode()
        if name not in names:
            continue
        if isinstance(item, dict):
            if item:
                _to_message(getattr(message, name), item)
        elif isinstance(item, list):
            getattr(message, name).extend(item)
        else:
            setattr(message, name, item)
    return message
