"""HPACK encoding without a dynamic table (RFC 7541 section 6.2.2): the few blocks that we send are made once."""

from __future__ import annotations

from collections.abc import Iterable

from ext_authz.wire import huffman
from ext_authz.wire.hpack_table import FIRST_DYNAMIC, STATIC, Pair

_PAIRS = {STATIC[index]: index for index in range(FIRST_DYNAMIC - 1, 0, -1)}
_NAMES = {STATIC[index][0]: index for index in range(FIRST_DYNAMIC - 1, 0, -1)}


def integer(value: int, prefix_bits: int, flags: int) -> bytes:
    """`value` behind `flags` in the first octet's high bits (section 5.1)."""
    limit = (1 << prefix_bits) - 1
    if value < limit:
        return bytes((flags | value,))
    out = bytearray((flags | limit,))
    value -= limit
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def string(text: bytes) -> bytes:
    """A string literal, Huffman-coded where that is shorter (section 5.2)."""
    coded = huffman.encode(text)
    if len(coded) < len(text):
        return integer(len(coded), 7, 0x80) + coded
    return integer(len(text), 7, 0) + text


def encode(fields: Iterable[Pair]) -> bytes:
    """The block of these fields: indexed in the static table where possible, else literal without indexing."""
    out = []
    for name, value in fields:
        index = _PAIRS.get((name, value))
        if index is not None:
            out.append(integer(index, 7, 0x80))
            continue
        index = _NAMES.get(name, 0)
        out.append(integer(index, 4, 0))
        if not index:
            out.append(string(name))
        out.append(string(value))
    return b"".join(out)
