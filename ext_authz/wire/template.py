"""What header blocks of a proxy have in common: their bytes around the few values that vary.

A block that begins with the same bytes as one that was decoded has the same field boundaries up to the first value that
varies, and so on behind each value. So the comparison of the constant parts, and a check of the values' coding, replace
the decoding: a `traceparent` that differs in every call costs no more than that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ext_authz.wire import huffman
from ext_authz.wire.hpack_decode import Field

TIMEOUT = b"grpc-timeout"
# Fields whose value decides something here, or that are checked beyond their characters.
_USED = frozenset((b"content-type", b"grpc-encoding", b"content-length", b"te", b"host"))
_MAX_HOLES = 4
_MAX_HOLE_BYTES = 126  # as one length octet says it
MAX_HOLES_BYTES = _MAX_HOLES * _MAX_HOLE_BYTES * 8 // 5  # decoded: the shortest Huffman code has five bits
_VISIBLE = re.compile(rb"[\x21-\x7e]*")


class Template:
    """The constant parts of a block, in order; between two of them lies one value, its hole."""

    __slots__ = ("_first", "_rest", "_timeout_hole", "has_timeout")

    def __init__(self, block: bytes, holes: Sequence[Field]) -> None:
        # The length octet belongs to the hole; the constant parts must agree in bytes, not only in meaning.
        starts = [0, *(hole.value_end for hole in holes)]
        ends = [*(hole.value_start for hole in holes), len(block)]
        self._first, *self._rest = (block[start:end] for start, end in zip(starts, ends, strict=True))
        names = [hole.name for hole in holes]
        self.has_timeout = TIMEOUT in names
        self._timeout_hole = names.index(TIMEOUT) if self.has_timeout else -1

    def match(self, block: bytes) -> bytes | None:
        """The raw value of grpc-timeout if the block has these parts (b"" if it is no hole here), else None."""
        if not block.startswith(self._first):
            return None
        at = len(self._first)
        timeout = b""
        for number, part in enumerate(self._rest):
            start = at + 1
            length = block[at] if at < len(block) else 127
            end = start + (length & 127)
            # 127 begins a longer integer. Whatever is not plain is for the decoder to judge.
            if length & 127 == 127 or not block.startswith(part, end):
                return None
            if not (huffman.accepts(block[start:end]) if length & 128 else _VISIBLE.fullmatch(block, start, end)):
                return None
            if number == self._timeout_hole:
                timeout = huffman.decode(block[start:end]) if length & 128 else block[start:end]
            at = end + len(part)
        return timeout if at == len(block) else None


def varying(before: Sequence[Field], now: Sequence[Field]) -> list[Field]:
    """The fields of `now` whose value differs, empty if there is more to the difference than values that may vary."""
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
