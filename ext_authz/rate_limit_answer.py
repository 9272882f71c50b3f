"""`RateLimitResponse` as bytes, written by hand: the message is small, and building it costs more than encoding it.

A test holds every answer to the generated message.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import ceil

from gateline.limit.domain_plan import Judged
from gateline.limit.domain_tree import DomainLimit
from gateline.limit.domains import MAX_UINT32
from gateline.values.headers import Pair

OK, OVER_LIMIT = 1, 2
# RateLimitResponse.RateLimit.Unit
UNIT_NUMBERS = {"second": 1, "minute": 2, "hour": 3, "day": 4, "month": 5, "year": 6, "week": 7}


def answer_bytes(judged: Sequence[Judged], headers: Sequence[Pair], *, shadow: bool) -> bytes:
    """The message; in shadow the overall code is OK whatever the descriptors say."""
    over = any(one.over for one in judged) and not shadow
    parts = [b"\x08\x02" if over else b"\x08\x01"]
    parts += [_field(0x12, _status(one)) for one in judged]
    for name, value in headers:
        parts.append(_field(0x1A, _field(0x0A, name.encode()) + _field(0x12, value.encode())))
    return b"".join(parts)


def _status(one: Judged) -> bytes:
    limit, level = one.limit, one.level
    if limit is None:
        return b"\x08\x01"
    if limit.unlimited:
        return b"\x08\x01\x18" + varint(MAX_UINT32)
    code = b"\x08\x02" if one.over else b"\x08\x01"
    if level is None:
        return code + _current_limit(limit)
    remaining = b"\x18" + varint(min(level.remaining, MAX_UINT32)) if level.remaining > 0 else b""
    seconds = ceil(level.reset_s)
    until = _field(0x22, b"\x08" + varint(seconds)) if seconds > 0 else b""
    return code + _current_limit(limit) + remaining + until


@lru_cache(maxsize=4096)
def _current_limit(limit: DomainLimit) -> bytes:
    requests = b"\x08" + varint(limit.requests) if limit.requests else b""
    name = _field(0x1A, limit.name.encode()) if limit.name else b""
    return _field(0x12, requests + b"\x10" + varint(UNIT_NUMBERS[limit.unit]) + name)


def _field(tag: int, content: bytes) -> bytes:
    return b"%c%b%b" % (tag, varint(len(content)), content)


def varint(number: int) -> bytes:
    """A number of at least 0, seven bits a byte (protobuf's encoding, base 128 varints)."""
    if number < 128:
        return _ONE_BYTE[number]
    parts = bytearray()
    while number >= 128:
        parts.append(number & 127 | 128)
        number >>= 7
    parts.append(number)
    return bytes(parts)


_ONE_BYTE = [bytes((number,)) for number in range(128)]
