"""The memory of header blocks: it must never say anything else than decoding would."""

from __future__ import annotations

import pytest
from hpack import Encoder
from hypothesis import given
from hypothesis import strategies as st

from ext_authz.wire.errors import PeerError, StreamError
from ext_authz.wire.head import Head
from ext_authz.wire.header_reader import HeaderReader
from tests.wire.peer import (
    ACK,
    END_HEADERS,
    HEADERS,
    LATER,
    NOT_INDEXED,
    REQUEST,
    SETTINGS,
    Peer,
    block,
    call,
    frame,
    goaway_code,
)

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b71692033{:02x}-01"


def reader() -> HeaderReader[Head]:
    return HeaderReader(lambda head: head, 16_384)


class Counting(HeaderReader[Head]):
    """Counts the blocks that had to be decoded."""

    decoded = 0

    def __init__(self) -> None:
        super().__init__(self._count, 16_384)

    def _count(self, head: Head) -> Head:
        self.decoded += 1
        return head


def traced(number: int, **replaced: str) -> bytes:
    return block((*REQUEST, ("traceparent", TRACE.format(number)), ("x-last", "z")), **replaced)


def test_an_equal_block_is_decoded_once() -> None:
    counting = Counting()
    heads = [counting.request(block()) for _ in range(5)]
    assert counting.decoded == 1
    assert all(head is heads[0] for head in heads)


def test_blocks_that_differ_in_traceparent_only_are_decoded_twice() -> None:
    counting = Counting()
    for number in range(100):
        assert counting.request(traced(number)).path == REQUEST[2][1].encode()
    assert counting.decoded == 2


def test_a_timeout_that_varies_is_seen() -> None:
    counting = Counting()
    for number in range(50):
        fields = (*REQUEST, ("grpc-timeout", f"{number + 100}m"), ("traceparent", TRACE.format(number)))
        assert counting.request(block(fields)).timeout_s == pytest.approx((number + 100) / 1000)


@pytest.mark.parametrize("value", ["a b", " a", "a\n", "\0", "é", ""])
def test_a_value_that_is_not_plain_goes_to_the_decoder(value: str) -> None:
    outcomes = []
    for warm in (0, 5):
        one = reader()
        for number in range(warm):
            one.request(traced(number))
        fields = (*REQUEST, ("traceparent", value), ("x-last", "z"))
        outcomes.append(outcome(one, Encoder().encode([(*field, NOT_INDEXED) for field in fields])))
    assert outcomes[0] == outcomes[1]


def test_a_template_does_not_match_where_the_value_swallows_the_next_field() -> None:
    """The same bytes around the hole, but a length octet that reaches over the field behind it."""
    one = reader()
    for number in range(4):
        one.request(traced(number))
    good = traced(7)
    for place in range(len(good)):
        for octet in (0, 1, 0x7F, 0x80, 0xFF):
            mutated = good[:place] + bytes((octet,)) + good[place + 1 :]
            assert outcome(one, mutated) == outcome(reader(), mutated)


def outcome(one: HeaderReader[Head], encoded: bytes) -> object:
    """What a reader makes of a block; a reader that only remembers must say the same as a new one."""
    try:
        return one.request(encoded)
    except StreamError as error:
        return error.code
    except PeerError as error:
        return error.code


VALUES = st.one_of(st.text("0123456789abcdef-", max_size=60), st.text(st.characters(max_codepoint=255), max_size=10))
FIELDS = st.tuples(
    st.sampled_from(["traceparent", "x-a", "grpc-timeout", "te", "content-type", "x-request-id", ":path", "X", "host"]),
    VALUES,
)


@given(
    st.sampled_from([0, 4096]),
    st.lists(st.tuples(st.sampled_from("abc"), st.lists(FIELDS, max_size=3)), min_size=1, max_size=20),
    st.booleans(),
)
def test_a_reader_with_a_memory_says_what_one_without_says(
    table_bytes: int, requests: list[tuple[str, list[tuple[str, str]]]], mutate: bool
) -> None:
    encoder = Encoder()
    encoder.header_table_size = table_bytes
    remembering = reader()
    forgetful = reader()
    for path, fields in requests:
        encoded = encoder.encode([*REQUEST[:2], (":path", path), *REQUEST[3:], *fields])
        if mutate and len(encoded) > 30:
            encoded = encoded[:-1] + bytes((encoded[-1] ^ 1,))
        forgetful._forget()
        assert outcome(remembering, encoded) == outcome(forgetful, encoded)


def test_a_peer_whose_fields_vary_is_asked_to_use_no_table() -> None:
    peer = Peer()
    encoder = Encoder()
    asked = []
    for number in range(20):
        fields = (*REQUEST, ("traceparent", TRACE.format(number)))
        frames = peer.send(frame(HEADERS, 5, 2 * number + 1, encoder.encode(fields)))
        asked += [one for one in frames if one.kind == SETTINGS]
    assert [one.payload for one in asked] == [b"\0\1\0\0\0\0"]
    peer.send(frame(SETTINGS, ACK, 0))
    encoder.header_table_size = 0
    frames = peer.send(frame(HEADERS, 5, 101, encoder.encode(REQUEST)))
    assert goaway_code(frames) is None
    frames = peer.send(frame(HEADERS, 5, 103, b"\x7f\x00\x01b"))
    assert goaway_code(frames) == 9, "the table is empty"


def test_a_block_that_an_acknowledgement_has_overtaken_is_decoded() -> None:
    """As Envoy 1.36 does: RFC 9113 section 4.3.1 would have us end its connection."""
    peer = Peer()
    encoder = Encoder()
    for number in range(20):
        peer.send(frame(HEADERS, 5, 2 * number + 1, encoder.encode((*REQUEST, ("traceparent", TRACE.format(number))))))
    peer.send(frame(SETTINGS, ACK, 0))
    assert goaway_code(peer.send(frame(HEADERS, 5, 101, encoder.encode(REQUEST)))) is None
    encoder.header_table_size = 0
    assert goaway_code(peer.send(frame(HEADERS, 5, 103, encoder.encode(REQUEST)))) is None


def test_a_peer_whose_fields_do_not_vary_keeps_its_table() -> None:
    peer = Peer()
    encoder = Encoder()
    for number in range(50):
        frames = peer.send(frame(HEADERS, END_HEADERS, 2 * number + 1, encoder.encode(REQUEST)))
        assert not [one for one in frames if one.kind == SETTINGS]
    assert peer.send(call(201, path=LATER)) == []
