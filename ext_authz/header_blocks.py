"""Remembers the header lines of a CheckRequest as one block, whatever the values that differ from call to call.

A client that calls again sends the same lines but for the path, and the proxy gives each call an id. Where those values
lie, and a trace's, is the block's layout; the bytes around them are the key of what was read. So all lines are one
look-up, a third of the instructions that one for each takes.

Why a block that is found by its key reads alike: it has the same bytes at the same places, lengths among them, but
for those of values, and no value's bytes decide where another begins. A credential is such a value, too: a block with
a new one is read by what was read of the one before. But it is another block: what follows from a credential is not
shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ext_authz.encode import varint
from ext_authz.memo import Memo
from ext_authz.pb.envoy.config.core.v3.base_pb2 import HeaderValue
from ext_authz.pb.gateline.check_pb2 import HeaderLines
from gateline.recent import Recent
from gateline.values.headers import Headers, to_text

MOST_BYTES = 2048
"""The longest line that is remembered by itself, and the longest block with its layout."""
CAPACITY_BYTES = 8 << 20
MOST_SIZES = 4096
MOST_LAYOUTS = 2
"""Of blocks of one size."""
VARYING = (":path", "x-request-id", "traceparent")
CREDENTIALS = ("authorization", "x-api-key")
_HEADS = {name: b"\n%c%b\x1a" % (len(name), name.encode()) for name in (*VARYING, *CREDENTIALS)}


def _line(raw: bytes) -> tuple[str, str]:
    line = HeaderValue.FromString(raw)
    return line.key, to_text(line.raw_value or line.value)


class Block(NamedTuple):
    """What is remembered of a block: the headers that were read first, and what follows from all like them."""

    headers: Headers
    memo: dict[Any, Any]


Found = tuple[Block, dict[str, slice] | None, bytes]
"""A block, where its bytes have other values than those that were read first, and its bytes."""


def headers_of(found: Found) -> Headers:
    """The headers of a block as it was found."""
    block, places, raw = found
    return block.headers.replaced({name: raw[at] for name, at in places.items()}) if places else block.headers


class _Layout:
    """Where the values that vary lie in a block, and the last block of this layout that was found.

    There are four parts between and around three values; parts that a block has too many are empty.
    """

    __slots__ = ("_credentials", "_headers", "_rest", "block", "bounds", "parts", "places", "values")

    def __init__(self, places: dict[str, slice], size_bytes: int) -> None:
        self.places = places
        self.values = {name: at for name, at in places.items() if name in VARYING}
        self._credentials = {name: at for name, at in places.items() if name in CREDENTIALS}
        self._rest: list[bytes] = []
        """What lies around all places in the last block that was learned; its headers stand beside."""
        self._headers = Headers()
        bounds = [bound for at in self.values.values() for bound in (at.start, at.stop)]
        self.bounds = (*bounds, *[size_bytes] * (2 * len(VARYING) - len(bounds)))
        self.parts: tuple[bytes, ...] = ()
        self.block: Block | None = None

    def parts_of(self, raw: bytes) -> tuple[bytes, ...]:
        """What lies around the values."""
        a, b, c, d, e, f = self.bounds
        return raw[:a], raw[b:c], raw[d:e], raw[f:]

    def learn(self, raw: bytes, headers: Headers) -> None:
        """These are the headers of a block of this layout. They are kept for other credentials, if it is short."""
        if self._credentials and len(raw) <= MOST_BYTES:
            self._rest, self._headers = self._rest_of(raw), headers

    def of_another(self, raw: bytes) -> Block | None:
        """A block that is as the last one that was learned, but for its credentials."""
        if self._rest_of(raw) != self._rest:
            return None
        return Block(self._headers.replaced({name: raw[at] for name, at in self._credentials.items()}), {})

    def _rest_of(self, raw: bytes) -> list[bytes]:
        rest, end = [], 0
        for at in self.places.values():
            rest.append(raw[end : at.start])
            end = at.stop
        return [*rest, raw[end:]]


class HeaderBlocks:
    """Reads `attributes.request.http.header_map`.

    Blocks are bounded by the bytes of their keys, layouts by their number and by the size of the block that each keeps.
    """

    __slots__ = ("_known", "_layouts", "_lines")

    def __init__(self) -> None:
        self._known: Recent[tuple[bytes, ...], Block] = Recent(CAPACITY_BYTES)
        self._layouts: dict[int, list[_Layout]] = {}
        self._lines = Memo(_line, len, MOST_BYTES)

    def find(self, raw: bytes, path: bytes) -> Found:
        """The block; `path` is the request's. Raises DecodeError where the bytes are no header lines."""
        for layout in self._layouts.get(len(raw) << 16 | len(path), ()):
            a, b, c, d, e, f = layout.bounds
            parts = raw[:a], raw[b:c], raw[d:e], raw[f:]  # as `parts_of`, which costs a call
            if parts == layout.parts:
                # Often the same client as before: to compare costs a third of what the key's hash does.
                block = layout.block
            else:
                block = self._known.get(parts)
                if block is None:
                    block = layout.of_another(raw)
                    if block is not None:
                        self._known.put(parts, block, len(raw))
                if block is not None and len(raw) <= MOST_BYTES:
                    layout.parts, layout.block = parts, block
            if block is not None:
                return block, layout.values, raw
        return self._learn(raw, path)

    def _learn(self, raw: bytes, path: bytes) -> Found:
        lines = HeaderLines.FromString(raw).headers[:]
        pairs = [self._lines[line] for line in lines]
        block = Block(Headers(pairs), {})
        places = _places(raw, lines, pairs) if len(block.headers.names()) == len(pairs) else None
        if places is not None:
            layout = self._layout(len(raw) << 16 | len(path), places, len(raw))
            layout.learn(raw, block.headers)
            self._known.put(layout.parts_of(raw), block, len(raw))
        return block, None, raw

    def _layout(self, sizes: int, places: dict[str, slice], size_bytes: int) -> _Layout:
        """That of these places, known from now on."""
        if sizes not in self._layouts and len(self._layouts) >= MOST_SIZES:
            self._layouts.clear()
        layouts = self._layouts.setdefault(sizes, [])
        for layout in layouts:
            if layout.places == places:
                return layout
        layouts.insert(0, _Layout(places, size_bytes))
        del layouts[MOST_LAYOUTS:]
        return layouts[0]


def _places(raw: bytes, lines: Sequence[bytes], pairs: Sequence[tuple[str, str]]) -> dict[str, slice] | None:
    """Where the values that vary lie, and the credentials; None where a block is not as protobuf's libraries write it.

    Lines lie where their sizes say, if no other way of writing them would be as short as the block is.
    """
    at = 0
    places = {}
    for line, (name, _) in zip(lines, pairs, strict=True):
        size = len(line)
        at += size + (2 if size < 0x80 else 1 + len(varint(size)))
        if name in _HEADS:
            value_bytes = _value_bytes(line, name)
            if value_bytes is None:
                return None
            places[name] = slice(at - value_bytes, at)
    return places if at == len(raw) else None


def _value_bytes(line: bytes, name: str) -> int | None:
    """How long the value is of a HeaderValue that is its key (1) and its raw_value (3) and nothing else."""
    head = _HEADS[name]
    if not line.startswith(head):
        return None
    for octets in (1, 2, 3):
        size = len(line) - len(head) - octets
        if size >= 0 and line.startswith(varint(size), len(head)) and len(varint(size)) == octets:
            return size
    return None
