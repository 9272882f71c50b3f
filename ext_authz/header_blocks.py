"""Remembers the header lines of a CheckRequest as one block, without the values that differ from call to call.

A client that calls again sends the same lines but for the path, and the proxy gives each call an id. Those values, and
a trace's, are cut out of the bytes, and what lies between them is the key of what was read: one look-up for all lines,
half of the instructions that one for each takes.

Why a block that is found by its key reads alike: the lengths that bound its fields are in the key, and a block is only
remembered if each cut was within the line that it was meant for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from ext_authz.memo import Memo
from ext_authz.pb.envoy.config.core.v3.base_pb2 import HeaderValue
from ext_authz.pb.gateline.check_pb2 import HeaderLines
from gateline.recent import Recent
from gateline.values.headers import Headers, to_text

MOST_BYTES = 2048
"""The longest line that is remembered by itself."""
CAPACITY_BYTES = 8 << 20
_MOST_PATH_BYTES = 127  # a length of one octet


def _begin(name: bytes, value_bytes: int) -> bytes:
    """How a HeaderValue begins: key (1) with its length, then raw_value (3) with its length."""
    return b"\n%c%b\x1a%c" % (len(name), name, value_bytes)


_PATHS = [_begin(b":path", size) for size in range(_MOST_PATH_BYTES + 1)]
_ID_BYTES = 36  # a UUID
_ID = _begin(b"x-request-id", _ID_BYTES)
_TRACE_BYTES = 55  # W3C Trace Context, version 0
_TRACE = _begin(b"traceparent", _TRACE_BYTES)
_VARYING = (":path", "x-request-id", "traceparent")


def _line(raw: bytes) -> tuple[str, str]:
    line = HeaderValue.FromString(raw)
    return line.key, to_text(line.raw_value or line.value)


class _Block(NamedTuple):
    """What is remembered of a block: name to value, those that vary among them, and the memo of its headers."""

    fields: dict[str, Any]
    memo: dict[Any, Any]


class _Known(Headers):
    """Headers of a block that was read before, with the values that vary; put together when somebody looks."""

    __slots__ = ("_block", "_values")

    def __init__(self, block: _Block, values: dict[str, bytes]) -> None:
        self._pairs = None
        self._index = None
        self.memo = block.memo
        self._block = block
        self._values = values

    def _indexed(self) -> dict[str, Any]:
        index = self._index
        if index is None:
            index = self._index = self._block.fields | self._values
        return index


class HeaderBlocks:
    """Reads `attributes.request.http.header_map`. What it remembers is bounded by the bytes of its keys."""

    __slots__ = ("_known", "_lines", "_traced")

    def __init__(self) -> None:
        self._known: Recent[tuple[int | bytes, ...], _Block] = Recent(CAPACITY_BYTES)
        self._lines = Memo(_line, len, MOST_BYTES)
        self._traced = False

    def read(self, raw: bytes, path: bytes) -> Headers:
        """The headers; `path` is the request's. Raises DecodeError where the bytes are no header lines."""
        before = begin = b""
        rest, values = raw, {}
        # By `partition`, which takes its argument as it is: `find` costs twice as much.
        if len(path) <= _MOST_PATH_BYTES:
            head, path_line, tail = raw.partition(_PATHS[len(path)] + path)
            if path_line:
                before, begin, rest = head, _PATHS[len(path)], tail
                values[":path"] = path
        between, id_line, after = rest.partition(_ID)
        if id_line:
            values["x-request-id"] = after[:_ID_BYTES]
            after = after[_ID_BYTES:]
        key: tuple[int | bytes, ...]
        if self._traced:
            between, trace_line, last = between.partition(_TRACE)
            if trace_line:
                values["traceparent"] = last[:_TRACE_BYTES]
            key = (len(raw), before, begin, between, trace_line, last[_TRACE_BYTES:], id_line, after)
        else:
            key = (len(raw), before, begin, between, id_line, after)
        known = self._known.get(key)
        if known is None:
            return self._learn(raw, key, values)
        return _Known(known, values)

    def _learn(self, raw: bytes, key: tuple[int | bytes, ...], values: dict[str, bytes]) -> Headers:
        lines = HeaderLines.FromString(raw).headers[:]
        pairs = [self._lines[line] for line in lines]
        index = dict(pairs)
        headers = Headers(pairs)
        # What varies and could not be cut out would make a block of each call.
        lasting = all(name in values or name not in index for name in _VARYING)
        if lasting and len(index) == len(pairs) and _is_cut_in_lines(raw, lines, values):
            self._known.put(key, _Block(index, headers.memo), len(raw))
        self._traced = self._traced or "traceparent" in index
        return headers


def _is_cut_in_lines(raw: bytes, lines: Collection[bytes], values: Mapping[str, bytes]) -> bool:
    """Whether each of `values` was cut out of its line: the bytes found are a line, and stand nowhere else."""
    for name, value in values.items():
        begin = _begin(name.encode(), len(value))
        if begin + value not in lines or raw.count(begin) != 1:
            return False
    return True
