"""HPACK decoding (RFC 7541 sections 5 and 6): one header block to its fields, in order."""

from __future__ import annotations

from typing import NamedTuple

from ext_authz.wire import huffman
from ext_authz.wire.errors import ErrorCode, PeerError
from ext_authz.wire.hpack_table import DEFAULT_TABLE_BYTES, ENTRY_OVERHEAD_BYTES, DynamicTable

_MAX_INTEGER_OCTETS = 4  # after the prefix: 28 bits, more than any length that we take


class Field(NamedTuple):
    """A decoded field; a literal value's string (length and content) is block[value_start:value_end], else 0:0."""

    name: bytes
    value: bytes
    value_start: int
    value_end: int


class HeaderListTooLargeError(Exception):
    """The decoded fields exceed the hard bound; the table is no longer in step, so the connection must end."""


def _fault(why: str) -> PeerError:
    return PeerError(ErrorCode.COMPRESSION_ERROR, why)


def integer(block: bytes, at: int, prefix_bits: int) -> tuple[int, int]:
    """The integer that starts at `at` and the place behind it (section 5.1); IndexError where the block ends early."""
    limit = (1 << prefix_bits) - 1
    value = block[at] & limit
    at += 1
    if value < limit:
        return value, at
    for shift in range(0, 7 * _MAX_INTEGER_OCTETS, 7):
        octet = block[at]
        at += 1
        value += (octet & 127) << shift
        if octet < 128:
            return value, at
    raise _fault("integer of too many octets")


def string(block: bytes, at: int) -> tuple[bytes, int]:
    """The string literal at `at` and the place behind it (section 5.2)."""
    huffman_coded = block[at] & 128
    length, at = integer(block, at, 7)
    end = at + length
    if end > len(block):
        raise _fault("string beyond the block's end")
    raw = block[at:end]
    if not huffman_coded:
        return raw, end
    try:
        return huffman.decode(raw), end
    except ValueError as error:
        raise _fault(str(error)) from error


class Decoder:
    """Decodes the header blocks of one connection, in the order in which they came."""

    __slots__ = ("_limit", "_max_list_bytes", "table")

    def __init__(self, max_list_bytes: int) -> None:
        self.table = DynamicTable()
        self._max_list_bytes = max_list_bytes
        self._limit = DEFAULT_TABLE_BYTES

    def limit_table(self, limit_bytes: int) -> None:
        """The peer has acknowledged our SETTINGS_HEADER_TABLE_SIZE: no size update may exceed it from now on.

        RFC 9113 section 4.3.1 wants an error if the next block does not begin with a size update. Envoy 1.36 sends its
        acknowledgement ahead of blocks that it encoded before, so such blocks are decoded with the table as it is.
        """
        self._limit = limit_bytes

    def decode(self, block: bytes) -> list[Field]:
        """The block's fields; raises PeerError(COMPRESSION_ERROR) or HeaderListTooLargeError."""
        try:
            return self._fields(block, self._size_updates(block))
        except IndexError:
            raise _fault("index without a field, or a block that ends within one") from None

    def _size_updates(self, block: bytes) -> int:
        # Section 4.2: size updates stand only at a block's beginning.
        at = 0
        while at < len(block) and block[at] & 0xE0 == 0x20:
            size, at = integer(block, at, 5)
            if size > self._limit:
                raise _fault("table size above our setting")
            self.table.resize(size)
        return at

    def _fields(self, block: bytes, at: int) -> list[Field]:
        fields: list[Field] = []
        room = self._max_list_bytes
        while at < len(block):
            first = block[at]
            if first & 0x80:  # 6.1: indexed
                index, at = integer(block, at, 7)
                field = Field(*self.table.get(index), 0, 0)
            elif first & 0x40:  # 6.2.1: literal, to be remembered
                field = self._literal(block, at, 6)
                at = field.value_end
                self.table.add(field.name, field.value)
            elif first & 0x20:  # 6.3
                raise _fault("table size update within a block")
            else:  # 6.2.2 and 6.2.3: literal, not to be remembered; we forward nothing, so never is the same
                field = self._literal(block, at, 4)
                at = field.value_end
            fields.append(field)
            room -= len(field.name) + len(field.value) + ENTRY_OVERHEAD_BYTES
            if room < 0:
                raise HeaderListTooLargeError
        return fields

    def _literal(self, block: bytes, at: int, prefix_bits: int) -> Field:
        index, at = integer(block, at, prefix_bits)
        if index:
            name = self.table.get(index)[0]
        else:
            name, at = string(block, at)
        value, end = string(block, at)
        return Field(name, value, at, end)
