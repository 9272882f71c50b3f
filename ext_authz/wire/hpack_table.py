"""HPACK's tables (RFC 7541 section 2.3 and appendix A): one index space, the static fields first."""

from __future__ import annotations

from collections import deque

Pair = tuple[bytes, bytes]

_STATIC_TEXT = """
:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip,_deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate
"""


def _static() -> tuple[Pair, ...]:
    pairs: list[Pair] = [(b"", b"")]  # index 0 names no field
    for line in _STATIC_TEXT.split("\n")[1:-1]:
        name, _, value = line.partition(" ")
        pairs.append((name.encode(), value.replace("_", " ").encode()))
    return tuple(pairs)


STATIC = _static()
FIRST_DYNAMIC = len(STATIC)  # 62
ENTRY_OVERHEAD_BYTES = 32  # section 4.1
DEFAULT_TABLE_BYTES = 4096  # SETTINGS_HEADER_TABLE_SIZE before any SETTINGS


class DynamicTable:
    """The fields that the peer asked us to remember, newest first; `changes` counts what invalidates a memo."""

    __slots__ = ("_capacity", "_entries", "_size", "changes")

    def __init__(self) -> None:
        self._entries: deque[Pair] = deque()
        self._size = 0
        self._capacity = DEFAULT_TABLE_BYTES
        self.changes = 0

    @property
    def size_bytes(self) -> int:
        """Sum of the entries' sizes by section 4.1."""
        return self._size

    def entries(self) -> list[Pair]:
        """The entries, newest first."""
        return list(self._entries)

    def get(self, index: int) -> Pair:
        """The field at `index` of the common index space; raises IndexError where there is none."""
        if index < FIRST_DYNAMIC:
            if index == 0:
                raise IndexError(index)
            return STATIC[index]
        return self._entries[index - FIRST_DYNAMIC]

    def add(self, name: bytes, value: bytes) -> None:
        """Insert a field, evicting from the end; one larger than the table only empties it (section 4.4)."""
        size = len(name) + len(value) + ENTRY_OVERHEAD_BYTES
        if size <= self._capacity:
            self._evict(self._capacity - size)
            self._entries.appendleft((name, value))
            self._size += size
            self.changes += 1
        else:
            self._evict(0)

    def resize(self, capacity_bytes: int) -> None:
        """Take a new capacity, evicting what no longer fits (section 4.3)."""
        if capacity_bytes != self._capacity:
            self._capacity = capacity_bytes
            self.changes += 1  # a field to remember may now fit, or no longer
        self._evict(capacity_bytes)

    def _evict(self, room_bytes: int) -> None:
        while self._size > room_bytes:
            name, value = self._entries.pop()
            self._size -= len(name) + len(value) + ENTRY_OVERHEAD_BYTES
            self.changes += 1
