"""Laws of the codecs: what goes in comes out, however it is cut; bad bytes are a ProtocolError and nothing else."""

import contextlib
import struct
from collections.abc import Callable
from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kong_plugins.protocol import msgpack_rpc, protobuf_rpc, values
from kong_plugins.protocol.errors import ProtocolError, UnknownMethodError, UnserialisableError
from kong_plugins.protocol.messages import HandleEvent, StartInstance, Step
from kong_plugins.protocol.pb import plugin_rpc_pb2 as pb
from kong_plugins.protocol.signatures import ONLY_MSGPACK, PROTOBUF
from kong_plugins.protocol.text import to_bytes, to_str
from kong_plugins.protocol.wire import FrameReader, frame, read_varint, varint
from tests.kong.driver import protobuf_values
from tests.kong.driver.msgpack_rpc import pack
from tests.kong.playback import raw_of, readable, rows_of

TEXT = st.binary(max_size=40).map(to_str)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)
LEAVES = TEXT | NUMBERS | st.booleans()
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner.filter(lambda item: item is not False), max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
    ),
    max_leaves=12,
)
RECORDED = [
    row
    for name in ("kong-3.9.3-protobuf-2.jsonl", "kong-3.9.3-protobuf-faults.jsonl")
    for row in rows_of(name)
    if row.get("frame") in {"pdk_args", "pdk_reply"} and row["method"] in PROTOBUF
]


def cuts(data: bytes, at: list[int]) -> list[bytes]:
    places = sorted({place % (len(data) + 1) for place in at})
    return [data[begin:end] for begin, end in zip([0, *places], [*places, len(data)], strict=True)]


@given(st.binary())
def test_every_byte_survives_as_text(raw: bytes) -> None:
    """Kong's bytes to text and back."""
    assert to_bytes(to_str(raw)) == raw


@given(st.integers(0, 2**63))
def test_a_varint_reads_as_it_was_written(number: int) -> None:
    """Of any size."""
    assert read_varint(varint(number), 0) == (number, len(varint(number)))


@given(VALUES)
def test_a_value_reads_as_it_was_written(value: object) -> None:
    """By hand, and by protobuf's own parser on the way."""
    raw = values.encode_value(value)
    assert values.decode_value(raw) == value
    assert values.decode_value(pb.Value.FromString(raw).SerializeToString()) == value


@pytest.mark.parametrize("value", [[1, None], [False], {"a": [False]}, {"a": object()}, object(), {None: 1}])
def test_what_kong_would_garble_is_refused(value: object) -> None:
    """False and None end a list in Kong; other types have no form."""
    with pytest.raises(TypeError):
        values.encode_value(value)


@given(st.lists(st.binary(max_size=300), max_size=6), st.lists(st.integers(0, 4000), max_size=8))
def test_frames_do_not_depend_on_how_reads_cut_them(payloads: list[bytes], at: list[int]) -> None:
    """Any cut gives the same frames, and nothing is left."""
    reader = FrameReader()
    stream = b"".join(frame(payload) for payload in payloads)
    assert [found for piece in cuts(stream, at) for found in reader.feed(piece)] == payloads
    assert not reader.partial


@given(st.lists(VALUES, max_size=4), st.lists(st.integers(0, 4000), max_size=8))
def test_msgpack_does_not_depend_on_how_reads_cut_it(messages: list[object], at: list[int]) -> None:
    """Any cut gives the same messages, and nothing is left."""
    reader = msgpack_rpc.MessageReader()
    stream = b"".join(msgpack.packb(message, unicode_errors="surrogateescape") for message in messages)
    assert [found for piece in cuts(stream, at) for found in reader.feed(piece)] == messages
    assert not reader.partial


@given(st.binary(max_size=200))
def test_bytes_of_anybody_are_a_protocol_error_at_most(raw: bytes) -> None:
    """No decoder raises anything else, on any bytes."""
    readers: list[Callable[[bytes], object]] = [
        FrameReader().feed,
        values.decode_value,
        values.decode_struct,
        values.decode_string,
        protobuf_rpc.decode_call,
        lambda data: [msgpack_rpc.decode_call(message) for message in msgpack_rpc.MessageReader().feed(data)],
        *(protobuf_rpc.pdk_call(name).decode for name in PROTOBUF),
    ]
    for read in readers:
        try:
            read(raw)
        except ProtocolError:
            continue


@settings(max_examples=300)
@given(st.sampled_from(RECORDED), st.integers(0, 10_000), st.integers(0, 255))
def test_a_changed_byte_of_a_recorded_message_is_a_protocol_error_at_most(row: Any, at: int, byte: int) -> None:
    """Mutations of what Kong really sends."""
    raw = bytearray(raw_of(row)[4:])
    if raw:
        raw[at % len(raw)] = byte
    with contextlib.suppress(ProtocolError):
        protobuf_rpc.pdk_call(row["method"]).decode(bytes(raw))


@settings(max_examples=300)
@given(st.sampled_from(rows_of("kong-3.9.3-plugin-protocol.jsonl")), st.integers(0, 10_000), st.integers(0, 255))
def test_a_changed_byte_of_msgpack_is_a_protocol_error_at_most(row: Any, at: int, byte: int) -> None:
    """Mutations of what Kong really sends."""
    raw = bytearray(raw_of(row)) if "msgpack_b64" in row else bytearray(b"\x90")
    raw[at % len(raw)] = byte
    try:
        for message in msgpack_rpc.MessageReader().feed(bytes(raw)):
            msgpack_rpc.decode_call(message)
    except ProtocolError:
        pass


def test_a_value_nested_without_end_is_a_protocol_error() -> None:
    """Depth is bounded by us, not by Python's stack."""
    raw = b""
    for _ in range(2000):
        inner = b"\x0a" + varint(len(raw)) + raw
        raw = b"\x32" + varint(len(inner)) + inner
    with pytest.raises(ProtocolError):
        values.decode_value(raw)


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: f"{row['during']}-{row['method']}-{row['frame']}")
def test_recorded_calls_and_replies_are_ours(row: Any) -> None:
    """Our encoder writes the arguments that a real Kong took, our decoder reads what it answered."""
    payload = raw_of(row)[4:]
    call = protobuf_rpc.pdk_call(row["method"])
    takes, gives = protobuf_values.METHODS[row["method"]]
    if row["frame"] == "pdk_reply":
        reply = call.decode(payload)
        assert (reply is None) == (payload in {b"", b"\x08\x01"} and gives not in {"Bool", "Int"})
        return
    arguments = tuple(plain(argument) for argument in protobuf_values.unwrap(takes, payload))
    try:
        written = call.encode(arguments)
    except UnserialisableError:
        assert "False" in repr(row["message"]) or "false" in repr(row["message"])
        return
    written = written[8 + len(row["method"]) :]
    if any(lost in repr(row["message"]) for lost in ("null_value", "False", "'list_value': []")):
        return  # what Kong loses anyway is left out by us, and the driver holds an empty list as an empty table
    assert readable(row, struct.pack("<I", len(written)) + written) == readable(row, raw_of(row))


def plain(value: object) -> object:
    if isinstance(value, bytes):
        return to_str(value)
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def test_both_tables_of_methods_agree() -> None:
    """74 calls, with the messages that the driver (written apart) expects."""
    assert len(PROTOBUF) == 74
    assert set(protobuf_values.METHODS) == set(PROTOBUF)
    assert not set(PROTOBUF) & ONLY_MSGPACK


def test_unknown_functions_are_refused_before_kong_sees_them() -> None:
    """Over MsgPack:1 Kong would go on with 200."""
    for codec in (protobuf_rpc, msgpack_rpc):
        with pytest.raises(UnknownMethodError, match="no function of Kong's PDK"):
            codec.pdk_call("kong.request.get_nothing")


def test_calls_of_kong_become_messages() -> None:
    """StartInstance, HandleEvent and Step, with every number as Kong may write it."""
    start = pack([0, 1, b"plugin.StartInstance", [{b"Name": b"p", b"Config": b"{}"}]])
    event = pack([0, 2, b"plugin.HandleEvent", [{b"InstanceId": 3.0, b"EventName": b"access"}]])
    step = pack([0, 3, b"plugin.StepMultiMap", [{b"EventId": 4, b"Data": {b"a": [b"\xff"]}}]])
    reader = msgpack_rpc.MessageReader()
    calls = [msgpack_rpc.decode_call(message) for message in reader.feed(start + event + step)]
    assert calls == [StartInstance(1, "p", "{}"), HandleEvent(2, 3, "access"), Step(3, 4, {"a": ["\udcff"]})]


def test_the_last_resort_never_makes_kong_try_again() -> None:
    """Whatever the text holds."""
    text = protobuf_rpc.refusal("the connection was closed: no plugin instance #1").lower()
    assert b"closed" not in text
    assert b"no plugin instance" not in text
