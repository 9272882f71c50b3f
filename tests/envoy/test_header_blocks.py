"""Header blocks that are remembered read as if nothing had been, whatever a client puts into its headers."""

from __future__ import annotations

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

import ext_authz.header_blocks as module
from ext_authz.header_blocks import CREDENTIALS, MOST_BYTES, MOST_LAYOUTS, HeaderBlocks, headers_of
from ext_authz.pb.envoy.service.auth.v3.attribute_context_pb2 import AttributeContext
from gateline.values.headers import Headers, to_bytes

UUIDS = ("6b1d6d67-6a4c-4f17-9a12-6ea96b2f5f3e", "00000000-0000-0000-0000-000000000000")
TRACES = tuple(f"00-{digit * 32}-{digit * 16}-01" for digit in "ab")
# Pieces of the bytes around a value that is cut out, for a client that knows how we look for it.
MARKS = st.sampled_from(
    (
        b"\n\x05:path\x1a\x02/a",
        b"\n\x05:path\x1a\x02",
        b"\n\x0cx-request-id\x1a$",
        b"\n\x0btraceparent\x1a7",
        b"\n\rauthorization\x1a\x02",
        b"x" * 36,
        b"\n",
        b"/a",
        UUIDS[0].encode(),
    )
)
VALUES = st.lists(MARKS | st.binary(max_size=6), max_size=4).map(b"".join)
OTHERS = st.lists(
    st.tuples(st.sampled_from(("x-a", "x-b", "cookie", "x-request-id", ":path", *CREDENTIALS)), VALUES), max_size=4
)
PATHS = st.sampled_from((b"/a", b"/b", b"/cc", b"", b"\n", b"/" + b"p" * 126, b"/" + b"p" * 127))
TOKENS = (b"Bearer one", b"Bearer two", b"\n\x03x-a\x1a\x011", b"")
Lines = list[tuple[str, bytes]]


def block(lines: Lines) -> bytes:
    """As the wire has it."""
    message = AttributeContext.HttpRequest()
    for name, value in lines:
        line = message.header_map.headers.add()
        line.key, line.raw_value = name, value
    return message.header_map.SerializeToString()


def read(blocks: HeaderBlocks, raw: bytes, path: bytes) -> Headers:
    return headers_of(blocks.find(raw, path))


def seen(blocks: HeaderBlocks, lines: Lines, path: bytes) -> Lines:
    return [(name, to_bytes(value)) for name, value in read(blocks, block(lines), path).items()]


@st.composite
def requests(draw: st.DrawFn) -> tuple[Lines, bytes]:
    path = draw(PATHS)
    lines = [(":path", path), *draw(OTHERS)]
    if draw(st.booleans()):
        lines.append(("traceparent", draw(st.sampled_from(TRACES)).encode()))
    if draw(st.booleans()):
        lines.append(("x-request-id", draw(st.sampled_from(UUIDS)).encode()))
    lines += [(name, draw(st.sampled_from(TOKENS))) for name in CREDENTIALS if draw(st.booleans())]
    return (draw(st.permutations(lines)) if draw(st.booleans()) else lines), path


@given(st.lists(requests(), max_size=8))
def test_what_was_read_before_changes_nothing(asked: list[tuple[Lines, bytes]]) -> None:
    blocks = HeaderBlocks()
    for lines, path in asked * 2:
        assert seen(blocks, lines, path) == lines
        assert dict(seen(HeaderBlocks(), lines, path)) == dict(lines)


def lines_with(path: str, request_id: str, *more: tuple[str, str]) -> Lines:
    lines = ((":authority", "h"), (":path", path), *more, ("x-request-id", request_id))
    return [(name, value.encode()) for name, value in lines]


def test_path_id_and_trace_differ_and_the_block_is_one() -> None:
    blocks = HeaderBlocks()
    for number in range(20):
        trace = ("traceparent", f"00-{number:032x}-{number:016x}-01")
        lines = lines_with(f"/v1/{number:04}", f"{number:036x}", ("authorization", "Bearer a"), trace)
        assert seen(blocks, lines, f"/v1/{number:04}".encode()) == lines
    assert len(blocks._known) == 1


@pytest.mark.parametrize("names", [(":path",), ("x-request-id",), (), (":path", "x-request-id")])
def test_a_proxy_that_hands_on_fewer_lines_has_blocks_as_well(names: tuple[str, ...]) -> None:
    blocks = HeaderBlocks()
    for number in range(20):
        lines = [
            ("authorization", b"Bearer a"),
            (":path", f"/v1/{number:04}".encode()),
            ("x-request-id", f"{number:036x}".encode()),
        ]
        lines = [line for line in lines if line[0] in ("authorization", *names)]
        assert seen(blocks, lines, f"/v1/{number:04}".encode()) == lines
    assert len(blocks._known) == 1


def line(*parts: bytes) -> bytes:
    """A line of these fields, as it lies in a block."""
    content = b"".join(parts)
    assert len(content) < 128
    return b"\n%c%b" % (len(content), content)


KEY = b"\n\x05:path"
RAW = b"\x1a\x02/a"
PLAIN = line(b"\n\x03x-a", b"\x1a\x01b")


@pytest.mark.parametrize(
    "raw",
    [
        line(KEY, b"\x12\x02/a"),
        line(RAW, KEY),
        line(KEY, RAW, b"\x20\x01"),
        line(KEY, b"\x1a\x82\0/a"),
        line(KEY, b"\x1a\x01/", RAW),
        line(KEY, RAW) + b"\x10\x01",
        b"\n\x8d\0" + KEY + RAW + b"\x10\x01",
        line(KEY, RAW) + PLAIN + PLAIN,
        line(KEY, RAW) * 2,
    ],
    ids=["text", "order", "more", "long size", "twice", "unknown", "long line", "two of a name", "two paths"],
)
def test_what_is_written_in_another_way_is_read_and_not_remembered(raw: bytes) -> None:
    """Where its values lie can't be told from their sizes alone."""
    blocks = HeaderBlocks()
    for _ in range(3):
        assert read(blocks, raw, b"/a").all(":path")[0] == "/a"
    assert len(blocks._known) == 0


@pytest.mark.parametrize("size", [1, 126, 127, 128, 300])
def test_values_of_any_size_are_cut_out(size: int) -> None:
    blocks = HeaderBlocks()
    for letter in "abc":
        path, request_id = "/" + letter * size, letter * size
        lines = lines_with(path, request_id, ("x-long", "v" * size))
        assert seen(blocks, lines, path.encode()) == lines
    assert len(blocks._known) == 1


def test_blocks_of_one_size_may_be_laid_out_in_several_ways() -> None:
    blocks = HeaderBlocks()
    lines = lines_with("/" + "p" * 35, UUIDS[0], ("x-a", "1"))
    orders = [lines, lines[::-1], [lines[3], *lines[:3]]]
    for order in orders * 3:
        assert seen(blocks, order, b"/" + b"p" * 35) == order
    assert len(blocks._layouts) == 1
    assert [len(layouts) for layouts in blocks._layouts.values()] == [MOST_LAYOUTS]


def test_layouts_are_bounded_and_those_of_long_blocks_keep_none(monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST_SIZES", 10)
    blocks = HeaderBlocks()
    for size in range(25):
        more = ("cookie", "c" * MOST_BYTES if size % 2 else ""), ("authorization", "Bearer one")
        lines = lines_with("/" + "p" * size, UUIDS[0], *more)
        for _ in range(2):
            assert seen(blocks, lines, b"/" + b"p" * size) == lines
        assert len(blocks._layouts) <= 10
    kept = [bool(layout.parts) for layouts in blocks._layouts.values() for layout in layouts]
    assert any(kept)
    assert not all(kept)
    assert all(sum(map(len, layout.parts)) <= MOST_BYTES for (layout,) in blocks._layouts.values())
    assert all(bool(layout._rest) is bool(layout.parts) for (layout,) in blocks._layouts.values())


@pytest.mark.parametrize("at", range(4))
def test_one_byte_that_differs_anywhere_is_another_block(at: int) -> None:
    """Before the path, between the values, behind them; though the same was read again and again."""
    blocks = HeaderBlocks()

    def lines(letter: str) -> Lines:
        others = [(f"x-{number}", letter if number == at else "a") for number in range(4)]
        varying = [(":path", "/a"), ("x-request-id", UUIDS[0]), ("traceparent", TRACES[0])]
        named = [line for pair in zip(others, varying, strict=False) for line in pair] + others[3:]
        return [(name, value.encode()) for name, value in named]

    for letter in "aaabaabbab":
        assert seen(blocks, lines(letter), b"/a") == lines(letter)
    assert len(blocks._known) == 2


def test_another_value_of_a_line_is_another_block() -> None:
    blocks = HeaderBlocks()
    for token in ("one", "two"):
        headers = read(blocks, block(lines_with("/a", UUIDS[0], ("authorization", token))), b"/a")
        assert headers.first("authorization") == token
    assert len(blocks._known) == 2


@pytest.mark.parametrize("names", [("authorization",), ("x-api-key",), ("x-api-key", "authorization")])
def test_another_credential_alone_takes_no_reading_and_shares_nothing(monkeypatch, names: tuple[str, ...]) -> None:
    blocks = HeaderBlocks()
    founds = []
    for number in range(5):
        credentials = [(name, f"{name} {number}") for name in names]
        lines = lines_with(f"/{number}", UUIDS[number % 2], *credentials, ("x-a", "1"))
        founds.append(blocks.find(block(lines), b"/0"))
        assert sorted(headers_of(founds[-1]).items()) == sorted((name, value.decode()) for name, value in lines)
        monkeypatch.setattr(module, "HeaderLines", None)  # whoever reads lines from now on fails
    assert len({id(found.memo) for found, _, _ in founds}) == 5
    assert blocks.find(block(lines), b"/0")[0] is founds[-1][0]


def test_a_block_without_a_credential_that_was_forgotten_is_read_again() -> None:
    blocks = HeaderBlocks()
    for letter in "aba-b":
        lines = lines_with("/a", UUIDS[0], ("x-a", letter))
        if letter == "-":
            blocks._known.clear()
        else:
            assert seen(blocks, lines, b"/a") == lines


@pytest.mark.parametrize("at", range(5))
def test_another_credential_and_one_byte_more_is_read(at: int) -> None:
    """Before and behind each of the values that are cut out."""
    blocks = HeaderBlocks()
    varying = [(":path", "/a"), ("authorization", ""), ("x-request-id", UUIDS[0]), ("traceparent", TRACES[0])]
    for token, letter in (("Bearer 1", "a"), ("Bearer 2", "b"), ("Bearer 3", "a"), ("Bearer 4", "b")):
        others = [(f"x-{number}", letter if number == at else "a") for number in range(5)]
        named = [line for pair in zip(others, varying, strict=False) for line in pair] + others[4:]
        lines = [(name, (token if name == "authorization" else value).encode()) for name, value in named]
        assert seen(blocks, lines, b"/a") == lines


def test_a_client_that_writes_the_bytes_of_our_cut_into_a_header_gains_nothing() -> None:
    mark = "\n\x0cx-request-id\x1a$"
    blocks = HeaderBlocks()
    for inner in UUIDS:
        lines = lines_with("/a", UUIDS[0], ("x-a", mark + inner))
        assert seen(blocks, lines, b"/a") == lines


def test_a_block_that_ends_too_early_is_no_block_even_if_a_whole_one_is_known() -> None:
    blocks = HeaderBlocks()
    whole = block(lines_with("/a", UUIDS[0]))
    blocks.find(whole, b"/a")
    with pytest.raises(DecodeError):
        blocks.find(whole[:-1], b"/a")


def test_headers_of_one_block_share_what_follows_from_their_names_and_no_others_do() -> None:
    blocks = HeaderBlocks()
    first, again, other = (
        blocks.find(block(lines_with("/a", UUIDS[at], *more)), b"/a")[0]
        for at, more in ((0, ()), (1, ()), (0, (("x-a", "1"),)))
    )
    assert first.memo is again.memo
    assert first.memo is not other.memo


def test_what_is_remembered_is_bounded_by_its_bytes(monkeypatch) -> None:
    monkeypatch.setattr(module, "CAPACITY_BYTES", 10_000)
    blocks = HeaderBlocks()
    for number in range(200):
        lines = lines_with("/a", UUIDS[0], ("authorization", f"{number:0400}"))
        assert seen(blocks, lines, b"/a") == lines
    assert 1 < len(blocks._known) <= 10_000 // 400
