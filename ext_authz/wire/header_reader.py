"""From header blocks to heads, with a memory, since a proxy sends almost the same block with every call.

Two memories hold as long as the dynamic table stays unchanged:

1. the whole block: a dict's look-up;
2. a *template*: where the last two blocks that had to be decoded differ in the values of fields that we do not use
   (`traceparent`), the bytes around these values. A block that begins with the same bytes has the same field boundaries
   up to the value, so a comparison of the constant parts and a check of the value's coding replace the decoding.

A field that varies changes the table with every call, and so the bytes of all other fields. After a few such blocks
`table_is_harmful` turns true: then the connection announces a table of size 0, and equal fields are equal bytes again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Generic, TypeVar

from ext_authz.wire import huffman
from ext_authz.wire.errors import ErrorCode, PeerError
from ext_authz.wire.head import Head, check_field, read_head
from ext_authz.wire.hpack_decode import Decoder, Field, HeaderListTooLargeError
from ext_authz.wire.hpack_table import ENTRY_OVERHEAD_BYTES

# Fields whose value decides something here, or that are checked beyond their characters.
_USED = frozenset((b"content-type", b"grpc-encoding", b"grpc-timeout", b"content-length", b"te", b"host"))
_MAX_HOLES = 4
_MAX_TEMPLATES = 4
_MAX_BLOCKS = 64  # of at most some KiB each
_MAX_BLOCK_BYTES = 2048
_MAX_TABLE_CHANGES = 8  # blocks; a peer whose fields do not vary changes the table once or a few times
_VISIBLE = re.compile(rb"[\x21-\x7e]*")

T = TypeVar("T")


class _Template(Generic[T]):
    """The constant parts of a block, in order; between two of them lies one value."""

    __slots__ = ("first", "rest", "result")

    def __init__(self, parts: list[bytes], result: T) -> None:
        self.first = parts[0]
        self.rest = parts[1:]
        self.result = result

    def matches(self, block: bytes) -> bool:
        if not block.startswith(self.first):
            return False
        at = len(self.first)
        for part in self.rest:
            if at >= len(block):
                return False
            length = block[at]
            at += 1
            end = at + (length & 127)
            # 127 begins a longer integer. The value must be plain, whatever else it may be is for the decoder to judge.
            if length & 127 == 127 or not block.startswith(part, end):
                return False
            if not (huffman.accepts(block[at:end]) if length & 128 else _VISIBLE.fullmatch(block, at, end)):
                return False
            at = end + len(part)
        return at == len(block)


class HeaderReader(Generic[T]):
    """Reads the header blocks of one connection; `resolve` makes of a head what the connection needs for a stream."""

    def __init__(self, resolve: Callable[[Head], T], header_list_bytes: int) -> None:
        self._resolve = resolve
        self.decoder = Decoder(4 * header_list_bytes)
        self._hole_room = header_list_bytes // 2
        self._changes = 0
        self._changing_blocks = 0
        self._blocks: dict[bytes, T] = {}
        self._templates: list[_Template[T]] = []
        self._last: tuple[bytes, list[Field]] | None = None

    @property
    def table_is_harmful(self) -> bool:
        """Whether the peer changes the table so often that nothing can be remembered."""
        return self._changing_blocks > _MAX_TABLE_CHANGES

    def limit_table(self, limit_bytes: int) -> None:
        """The peer has acknowledged our SETTINGS_HEADER_TABLE_SIZE; its next block must be looked at for that."""
        self.decoder.limit_table(limit_bytes)
        self._forget()

    def request(self, block: bytes) -> T:
        """What `resolve` said of this block's head; raises StreamError if malformed, PeerError if not decodable."""
        found = self._blocks.get(block)
        if found is not None:
            return found
        for template in self._templates:
            if template.matches(block):
                return template.result
        return self._read(block)

    def trailers(self, block: bytes) -> None:
        """Check a block of trailers; same errors."""
        for field in self._decode(block):
            check_field(field.name, field.value)

    def skip(self, block: bytes) -> None:
        """Decode a block that nobody reads, since the table must stay in step."""
        self._decode(block)

    def _decode(self, block: bytes) -> list[Field]:
        try:
            fields = self.decoder.decode(block)
        except HeaderListTooLargeError:
            raise PeerError(ErrorCode.ENHANCE_YOUR_CALM, "header list too large") from None
        if self.decoder.table.changes != self._changes:
            self._changes = self.decoder.table.changes
            self._changing_blocks += 1
            self._forget()
        return fields

    def _forget(self) -> None:
        self._blocks.clear()
        self._templates.clear()
        self._last = None

    def _read(self, block: bytes) -> T:
        before = self._changes
        fields = self._decode(block)
        list_bytes = sum(len(field.name) + len(field.value) + ENTRY_OVERHEAD_BYTES for field in fields)
        result = self._resolve(read_head([field[:2] for field in fields], list_bytes))
        # A block that starts with a size update or that changes the table means something else the next time.
        if before == self._changes and len(block) <= _MAX_BLOCK_BYTES and block[0] & 0xE0 != 0x20:
            if list_bytes < self._hole_room:
                self._learn(block, fields, result)
            if len(self._blocks) >= _MAX_BLOCKS:
                self._blocks.clear()
            self._blocks[block] = result
        return result

    def _learn(self, block: bytes, fields: list[Field], result: T) -> None:
        last, self._last = self._last, (block, fields)
        if last is None:
            return
        holes = _holes(last[1], fields)
        if not holes:
            return
        parts = []
        at = 0
        for hole in holes:
            # The length octet belongs to the hole; the bytes of the constant parts must agree, not only their meaning.
            parts.append(block[at : hole.value_start])
            at = hole.value_end
        parts.append(block[at:])
        template = _Template(parts, result)
        if template.matches(block) and template.matches(last[0]):
            self._templates.insert(0, template)
            del self._templates[_MAX_TEMPLATES:]


def _holes(before: list[Field], now: list[Field]) -> list[Field]:
    """The fields of `now` whose value differs, empty if there is more to the difference than values we do not use."""
    holes: list[Field] = []
    if len(before) != len(now):
        return holes
    for old, new in zip(before, now, strict=True):
        if old[:2] == new[:2]:
            continue
        name = new.name
        if name != old.name or name[:1] == b":" or name in _USED or not new.value_end or len(holes) == _MAX_HOLES:
            return []
        holes.append(new)
    return holes
