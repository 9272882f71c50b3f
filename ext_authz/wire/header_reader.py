"""From header blocks to heads, with a memory, since a proxy sends almost the same block with every call.

Two memories hold as long as the dynamic table stays unchanged: the whole block, a dict's look-up; and the *template* of
the last two blocks that had to be decoded (see `template`). Neither ever says anything else than decoding would.

A field that varies changes the table with every call, and so the bytes of all other fields. After a few such blocks
`table_is_harmful` turns true: then the connection announces a table of size 0, and equal fields are equal bytes again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from ext_authz.wire.errors import ErrorCode, PeerError
from ext_authz.wire.head import Head, check_field, read_head, timeout_s
from ext_authz.wire.hpack_decode import Decoder, Field, HeaderListTooLargeError
from ext_authz.wire.hpack_table import ENTRY_OVERHEAD_BYTES
from ext_authz.wire.template import MAX_HOLES_BYTES, Template, varying

_MAX_TEMPLATES = 4
_MAX_BLOCKS = 64
_MAX_BLOCK_BYTES = 2048
_MAX_TABLE_CHANGES = 8  # blocks; a peer whose fields do not vary changes the table once or a few times

T = TypeVar("T")


class HeaderReader(Generic[T]):
    """Reads the header blocks of one connection; `resolve` makes of a head what the connection needs for a stream."""

    def __init__(self, resolve: Callable[[Head], T], header_list_bytes: int) -> None:
        self._resolve = resolve
        self._decoder = Decoder(4 * header_list_bytes)
        self._list_bytes = header_list_bytes
        self._changes = 0
        self._changing_blocks = 0
        self.table_is_harmful = False
        """Whether the peer changes the table so often that nothing can be remembered."""
        self._blocks: dict[bytes, T] = {}
        self._templates: list[tuple[Template, Head, T]] = []
        self._last: tuple[bytes, list[Field]] | None = None

    def limit_table(self, limit_bytes: int) -> None:
        """The peer has acknowledged our SETTINGS_HEADER_TABLE_SIZE; its next block must be looked at for that."""
        self._decoder.limit_table(limit_bytes)
        self._forget()

    def request(self, block: bytes) -> T:
        """What `resolve` said of this block's head; raises StreamError if malformed, PeerError if not decodable."""
        found = self.known(block)
        return self._read(block) if found is None else found

    def known(self, block: bytes) -> T | None:
        """As `request`, where that takes no decoding; changes nothing."""
        found = self._blocks.get(block)
        if found is not None:
            return found
        for template, head, result in self._templates:
            timeout = template.match(block)
            if timeout is None:
                continue
            if not template.has_timeout:
                return result
            seconds = timeout_s(timeout)
            if seconds is not None:
                return self._resolve(head._replace(timeout_s=seconds))
        return None

    def trailers(self, block: bytes) -> None:
        """Check a block of trailers; same errors."""
        for field in self._decode(block):
            check_field(field.name, field.value)

    def skip(self, block: bytes) -> None:
        """Decode a block that nobody reads, since the table must stay in step."""
        self._decode(block)

    def _decode(self, block: bytes) -> list[Field]:
        try:
            fields = self._decoder.decode(block)
        except HeaderListTooLargeError:
            raise PeerError(ErrorCode.ENHANCE_YOUR_CALM, "header list too large") from None
        if self._decoder.table.changes != self._changes:
            self._changes = self._decoder.table.changes
            self._changing_blocks += 1
            self.table_is_harmful = self._changing_blocks > _MAX_TABLE_CHANGES
            self._forget()
        return fields

    def _forget(self) -> None:
        self._blocks.clear()
        self._templates.clear()
        self._last = None

    def _read(self, block: bytes) -> T:
        before = self._changes
        fields = self._decode(block)
        size = sum(len(field.name) + len(field.value) + ENTRY_OVERHEAD_BYTES for field in fields)
        head = read_head([field[:2] for field in fields], too_large=size > self._list_bytes)
        result = self._resolve(head)
        # A block that starts with a size update or that changes the table means something else the next time.
        if before == self._changes and len(block) <= _MAX_BLOCK_BYTES and block[0] & 0xE0 != 0x20:
            if size + MAX_HOLES_BYTES <= self._list_bytes:
                self._learn(block, fields, head, result)
            if len(self._blocks) >= _MAX_BLOCKS:
                self._blocks.clear()
            self._blocks[block] = result
        return result

    def _learn(self, block: bytes, fields: list[Field], head: Head, result: T) -> None:
        last, self._last = self._last, (block, fields)
        holes = varying(last[1], fields) if last else None
        if last is None or not holes:
            return
        template = Template(block, holes)
        if template.match(block) is not None and template.match(last[0]) is not None:
            self._templates.insert(0, (template, head, result))
            del self._templates[_MAX_TEMPLATES:]
