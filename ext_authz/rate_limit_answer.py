"""`RateLimitResponse` as bytes, written by hand: the message is small, and building it costs more than encoding it.

A test holds every answer to the generated message.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import ceil

from ext_authz.encode import varint
from gateline.limit.domain_plan import Judged
from gateline.limit.domain_tree import DomainLimit
from gateline.limit.domains import MAX_UINT32
from gateline.values.headers import Pair

OK, OVER_LIMIT = 1, 2
# RateLimitResponse.RateLimit.Unit
UNIT_NUMBERS = {"second": 1, "minute": 2, "hour": 3, "day": 4, "month": 5, "year": 6, "week": 7}


def answer_bytes(judged: Sequence[Judged], headers: Sequence[Pair], *, shadow: bool) -> bytes:
    """The message; in shadow the overall code is OK whatever the descriptors say."""
    over = False
    parts = [b""]
    for one in judged:
        over = over or one.over
        parts.append(_status(one))
    for name, value in headers:
        parts.append(header(name, value.encode()))
    parts[0] = b"\x08\x02" if over and not shadow else b"\x08\x01"
    return b"".join(parts)


def _status(one: Judged) -> bytes:
    limit, level = one.limit, one.level
    if limit is None:
        return b"\x12\x02\x08\x01"
    if limit.unlimited:
        return _field(0x12, b"\x08\x01\x18" + varint(MAX_UINT32))
    content = (b"\x08\x02" if one.over else b"\x08\x01") + current_limit(limit)
    if level is not None:
        if level.remaining > 0:
            content += b"\x18" + varint(min(level.remaining, MAX_UINT32))
        seconds = ceil(level.reset_s)
        if seconds > 0:
            until = varint(seconds)
            content += b"\x22%c\x08%b" % (len(until) + 1, until)
    return _field(0x12, content)


@lru_cache(maxsize=4096)
def current_limit(limit: DomainLimit) -> bytes:
    """The field `current_limit` of a status."""
    requests = b"\x08" + varint(limit.requests) if limit.requests else b""
    name = _field(0x1A, limit.name.encode()) if limit.name else b""
    return _field(0x12, requests + b"\x10" + varint(UNIT_NUMBERS[limit.unit]) + name)


def header(name: str, value: bytes) -> bytes:
    """One of `response_headers_to_add`."""
    key = _key(name)
    if len(key) + len(value) < 126:  # both lengths are one byte then
        return b"\x1a%c%b\x12%c%b" % (len(key) + len(value) + 2, key, len(value), value)
    return _field(0x1A, key + _field(0x12, value))


@lru_cache(maxsize=64)
def _key(name: str) -> bytes:
    return _field(0x0A, name.encode())


def _field(tag: int, content: bytes) -> bytes:
    size = len(content)
    return b"%c%c%b" % (tag, size, content) if size < 128 else b"%c%b%b" % (tag, varint(size), content)
