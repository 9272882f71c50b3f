"""HPACK: the examples of RFC 7541 appendix C, the errors of its text, and agreement with the `hpack` library."""

from __future__ import annotations

import contextlib

import pytest
from hpack import Decoder as LibraryDecoder
from hpack import Encoder as LibraryEncoder
from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH
from hypothesis import given
from hypothesis import strategies as st

from ext_authz.wire import hpack_decode, hpack_encode, huffman
from ext_authz.wire.errors import ErrorCode, PeerError
from ext_authz.wire.hpack_decode import Decoder, HeaderListTooLargeError
from ext_authz.wire.hpack_table import STATIC

PAIRS = st.tuples(
    st.one_of(st.sampled_from([pair[0] for pair in STATIC[1:]]), st.binary(min_size=1, max_size=20)),
    st.binary(max_size=60),
)


def pairs(decoder: Decoder, hexadecimal: str) -> list[tuple[bytes, bytes]]:
    return [field[:2] for field in decoder.decode(bytes.fromhex(hexadecimal))]


def text(*lines: str) -> list[tuple[bytes, bytes]]:
    result = []
    for line in lines:
        name, value = line.split(": ", 1)
        result.append((name.encode(), value.encode()))
    return result


REQUESTS = [
    text(":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"),
    text(":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"),
    text(
        ":method: GET",
        ":scheme: https",
        ":path: /index.html",
        ":authority: www.example.com",
        "custom-key: custom-value",
    ),
]
DATE_1, DATE_2 = "date: Mon, 21 Oct 2013 20:13:21 GMT", "date: Mon, 21 Oct 2013 20:13:22 GMT"
COOKIE = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"
LOCATION = "location: https://www.example.com"
RESPONSES = [
    text(":status: 302", "cache-control: private", DATE_1, LOCATION),
    text(":status: 307", "cache-control: private", DATE_1, LOCATION),
    text(":status: 200", "cache-control: private", DATE_2, LOCATION, "content-encoding: gzip", COOKIE),
]

C3 = (
    "828684410f7777772e6578616d706c652e636f6d",
    "828684be58086e6f2d6361636865",
    "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
)
C4 = (
    "828684418cf1e3c2e5f23a6ba0ab90f4ff",
    "828684be5886a8eb10649cbf",
    "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
)
C5 = (
    (
        "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f"
        "7777772e6578616d706c652e636f6d"
    ),
    "4803333037c1c0bf",
    (
        "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b42"
        "5a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31"
    ),
)
C6 = (
    "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
    "4883640effc1c0bf",
    (
        "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f"
        "3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007"
    ),
)


@pytest.mark.parametrize(
    ("hexadecimal", "prefix_bits", "value"),
    [("0a", 5, 10), ("1f9a0a", 5, 1337), ("2a", 8, 42)],
    ids=["C1.1", "C1.2", "C1.3"],
)
def test_integers_of_appendix_c1(hexadecimal: str, prefix_bits: int, value: int) -> None:
    data = bytes.fromhex(hexadecimal)
    assert hpack_decode.integer(data, 0, prefix_bits) == (value, len(data))
    assert hpack_encode.integer(value, prefix_bits, 0) == data


@pytest.mark.parametrize(
    ("hexadecimal", "field", "table_bytes"),
    [
        ("400a637573746f6d2d6b65790d637573746f6d2d686561646572", "custom-key: custom-header", 55),
        ("040c2f73616d706c652f70617468", ":path: /sample/path", 0),
        ("100870617373776f726406736563726574", "password: secret", 0),
        ("82", ":method: GET", 0),
    ],
    ids=["C2.1", "C2.2", "C2.3", "C2.4"],
)
def test_fields_of_appendix_c2(hexadecimal: str, field: str, table_bytes: int) -> None:
    decoder = Decoder(10_000)
    assert pairs(decoder, hexadecimal) == text(field)
    assert decoder.table.size_bytes == table_bytes


@pytest.mark.parametrize("blocks", [C3, C4], ids=["C3", "C4 Huffman"])
def test_requests_of_appendix_c(blocks: tuple[str, ...]) -> None:
    decoder = Decoder(10_000)
    sizes = []
    for hexadecimal, expected in zip(blocks, REQUESTS, strict=True):
        assert pairs(decoder, hexadecimal) == expected
        sizes.append(decoder.table.size_bytes)
    assert sizes == [57, 110, 164]


@pytest.mark.parametrize("blocks", [C5, C6], ids=["C5", "C6 Huffman"])
def test_responses_of_appendix_c_evict_from_a_table_of_256_bytes(blocks: tuple[str, ...]) -> None:
    decoder = Decoder(10_000)
    decoder.table.resize(256)
    for hexadecimal, expected in zip(blocks, RESPONSES, strict=True):
        assert pairs(decoder, hexadecimal) == expected
    assert decoder.table.size_bytes == 215
    assert decoder.table.entries() == text(COOKIE, "content-encoding: gzip", DATE_2)


@pytest.mark.parametrize(
    ("hexadecimal", "why"),
    [
        ("80", "index 0 names no field"),
        ("be", "an index beyond the tables"),
        ("7e0161", "the name's index is beyond the tables"),
        ("ffffffffffff0f", "an integer of too many octets"),
        ("ff", "an integer that ends early"),
        ("40", "a literal without its strings"),
        ("400161", "a literal without its value"),
        ("40016105", "a value that ends early"),
        ("0001618194", "Huffman padding of more than seven bits or of zeros"),
        ("00016184ffffffff", "EOS within a Huffman string"),
        ("00016182" + "1fff", "eight bits of padding"),
        ("823f01", "a size update that is not at the beginning"),
        ("3fe21f", "a size update above the setting"),
    ],
)
def test_what_cannot_be_decoded_is_a_compression_error(hexadecimal: str, why: str) -> None:
    with pytest.raises(PeerError) as error:
        Decoder(10_000).decode(bytes.fromhex(hexadecimal))
    assert error.value.code is ErrorCode.COMPRESSION_ERROR, why


def test_a_reduced_table_binds_size_updates_and_not_blocks_that_were_encoded_before() -> None:
    decoder = Decoder(10_000)
    decoder.decode(bytes.fromhex("4001610162"))
    decoder.limit_table(0)
    assert pairs(decoder, "be") == text("a: b"), "encoded before the peer heard of it"
    assert pairs(decoder, "2082") == text(":method: GET")
    assert pairs(decoder, "4001610162") == text("a: b"), "too large for the table, so only not remembered"
    assert decoder.table.entries() == []
    with pytest.raises(PeerError, match="above our setting"):
        decoder.decode(bytes.fromhex("2182"))


def test_a_small_block_of_large_fields_is_bounded() -> None:
    decoder = Decoder(10_000)
    decoder.decode(hpack_encode.integer(0, 6, 0x40) + b"\x01a" + hpack_encode.string(b"\xff" * 2000))
    with pytest.raises(HeaderListTooLargeError):
        decoder.decode(b"\xbe" * 6)


@given(st.lists(st.lists(st.tuples(PAIRS, st.booleans()), max_size=8), max_size=6), st.integers(0, 300))
def test_we_decode_what_the_library_encodes(
    blocks: list[list[tuple[tuple[bytes, bytes], bool]]], table_bytes: int
) -> None:
    encoder = LibraryEncoder()
    encoder.header_table_size = table_bytes
    decoder = Decoder(1 << 20)
    for block in blocks:
        encoded = encoder.encode([(*pair, sensitive) for pair, sensitive in block], huffman=len(block) % 2 == 0)
        assert [field[:2] for field in decoder.decode(encoded)] == [pair for pair, _ in block]


@given(st.lists(PAIRS, max_size=8))
def test_the_library_decodes_what_we_encode(block: list[tuple[bytes, bytes]]) -> None:
    decoded = LibraryDecoder().decode(hpack_encode.encode(block), raw=True)
    assert [tuple(field) for field in decoded] == block


@given(st.binary(max_size=200))
def test_random_bytes_never_raise_anything_else(data: bytes) -> None:
    with contextlib.suppress(PeerError, HeaderListTooLargeError):
        Decoder(500).decode(data)


def test_the_huffman_code_is_that_of_appendix_b() -> None:
    library = {symbol: (REQUEST_CODES[symbol], REQUEST_CODES_LENGTH[symbol]) for symbol in range(257)}
    assert library == huffman.CODES


@given(st.binary(max_size=100))
def test_huffman_decodes_what_it_encodes(data: bytes) -> None:
    coded = huffman.encode(data)
    assert huffman.decode(coded) == data
    assert huffman.accepts(coded) == all(0x21 <= octet < 0x7F for octet in data)


@given(st.binary(max_size=12))
def test_what_huffman_accepts_can_be_decoded(data: bytes) -> None:
    try:
        decoded = huffman.decode(data)
    except ValueError:
        assert not huffman.accepts(data)
    else:
        assert huffman.accepts(data) == all(0x21 <= octet < 0x7F for octet in decoded)
