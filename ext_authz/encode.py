"""Writes the protobuf wire format of the answers by hand (protobuf.dev/programming-guides/encoding).

Measured: building a CheckResponse with two headers from generated messages and serialising it takes 13 µs, this 2 µs;
a test compares both. Field numbers are those of `protos/envoy`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache

from gateline.values.headers import Pair, to_bytes

# HeaderValueOption.append (2) {value (1): …} and append_action (3); both, since Envoy before 1.27 knows only `append`.
APPEND = b"\x12\x02\x08\x01\x18\x00"
OVERWRITE = b"\x12\x00\x18\x02"
# Of response headers that are remembered: a policy sets a handful.
MOST_NAMES = 256


_ONE_BYTE = [bytes((number,)) for number in range(0x80)]


def varint(number: int) -> bytes:
    """An unsigned base-128 integer."""
    if number < 0x80:
        return _ONE_BYTE[number]
    if number < 0x4000:
        return bytes((number & 0x7F | 0x80, number >> 7))
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field: bytes, text or a message."""
    return _head(number, len(content)) + content


@lru_cache(maxsize=4096)
def _head(number: int, size_bytes: int) -> bytes:
    """What stands before a field; numbers and sizes come again and again, and it is half of a field's cost."""
    return varint(number << 3 | 2) + varint(size_bytes)


def integer(number: int, value: int) -> bytes:
    """A varint field."""
    return varint(number << 3) + varint(value)


def header_option(name: str, value: str, action: bytes) -> bytes:
    """A HeaderValueOption: header (1) {key (1), value (2)} and how. Envoy 1.40 ignores raw_value here."""
    return field(1, field(1, name.encode()) + field(2, to_bytes(value))) + action


class _Heads(dict[str, list[str]]):
    """A header's name to what stands before its value in a field with this tag, by the value's length."""

    def __init__(self, number: int) -> None:
        self._tag = number << 3 | 2

    def __missing__(self, name: str) -> list[str]:
        key = field(1, name.encode())
        # As long as every length in it is one octet.
        sizes = range(len(key) + 2, 0x80 - len(OVERWRITE) - 2)
        heads = [
            (b"%c%c\n%c%b\x12%c" % (self._tag, size + len(OVERWRITE) + 2, size, key, size - len(key) - 2)).decode(
                "ascii"
            )
            for size in sizes
        ]
        if len(self) < MOST_NAMES:
            self[name] = heads
        return heads


# By the number of the field.
HEADS = {number: _Heads(number) for number in (2, 6)}
_OVERWRITE = OVERWRITE.decode()


def _short(heads: _Heads, pairs: Collection[Pair]) -> bytes | None:
    """The fields; None where one is longer than one octet can say, or beyond ASCII.

    What a limit tells differs nearly always, so only what stands before a value is kept. As text, five headers cost a
    sixth of what they cost as bytes, field by field.
    """
    parts: list[str] = []
    try:
        for name, value in pairs:
            parts.append(heads[name][len(value)])
            parts.append(value)
            parts.append(_OVERWRITE)
        return "".join(parts).encode("ascii")
    except (IndexError, UnicodeError):
        return None


def header_options(number: int, pairs: Collection[Pair], action: bytes) -> bytes:
    """Repeated HeaderValueOption fields; a name that comes twice is appended from the second time on."""
    if action is OVERWRITE and len(dict(pairs)) == len(pairs):
        short = _short(HEADS[number], pairs)
        if short is not None:
            return short
    out = []
    seen: set[str] = set()
    for name, value in pairs:
        out.append(field(number, header_option(name, value, APPEND if name in seen else action)))
        seen.add(name)
    return b"".join(out)


def struct(values: Iterable[tuple[str, str]]) -> bytes:
    """A google.protobuf.Struct of texts: fields (1) {key (1), value (2) {string_value (3)}}."""
    return b"".join(field(1, field(1, key.encode()) + field(2, field(3, to_bytes(value)))) for key, value in values)
