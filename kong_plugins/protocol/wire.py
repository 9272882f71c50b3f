"""Frames of ProtoBuf:1 and the varints inside them, by hand: a 32-bit little-endian length, then that many bytes.

Kong writes the length and the payload in two sends, so a read may end anywhere.
"""

import struct
from collections.abc import Iterator

from kong_plugins.protocol.errors import ProtocolError

MAX_FRAME_BYTES = 64 * 1024 * 1024
_LENGTH = struct.Struct("<I")
_SMALL = tuple(bytes((n,)) for n in range(128))

VARINT, FIXED64, DELIMITED, FIXED32 = 0, 1, 2, 5


def frame(payload: bytes) -> bytes:
    """`payload` with its length before it."""
    return _LENGTH.pack(len(payload)) + payload


def varint(number: int) -> bytes:
    """The base-128 form of a number that is not negative."""
    if number < 128:
        return _SMALL[number]
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def delimited(raw: bytes) -> bytes:
    """`raw` with its varint length before it."""
    return varint(len(raw)) + raw


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at`, and where it ends."""
    number = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ProtocolError("a number is cut off or too long")
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7


def fields(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Every field of a message as (number, wire type, number or bytes); raises ProtocolError."""
    at, end = 0, len(data)
    while at < end:
        key, at = read_varint(data, at)
        kind = key & 7
        value: int | bytes
        if kind == VARINT:
            value, at = read_varint(data, at)
        else:
            if kind == DELIMITED:
                size, at = read_varint(data, at)
            elif kind in {FIXED64, FIXED32}:
                size = 8 if kind == FIXED64 else 4
            else:
                raise ProtocolError(f"wire type {kind} is not in use")
            if at + size > end:
                raise ProtocolError("a field is cut off")
            value = data[at : at + size]
            at += size
        if not key >> 3:
            raise ProtocolError("field number 0")
        yield key >> 3, kind, value


class FrameReader:
    """Cuts a stream into frames, however the reads cut it."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    @property
    def partial(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._rest)

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that are complete with `data`; raises ProtocolError for a length that no message of Kong has."""
        if self._rest:
            data = self._rest + data
        elif len(data) >= 4 and _LENGTH.unpack_from(data)[0] == len(data) - 4:
            return [data[4:]]  # the hot case: one whole frame
        frames: list[bytes] = []
        at, have = 0, len(data)
        while have - at >= 4:
            size = _LENGTH.unpack_from(data, at)[0]
            if size > MAX_FRAME_BYTES:
                self._rest = b""
                raise ProtocolError(f"a frame of {size} bytes")
            end = at + 4 + size
            if end > have:
                break
            frames.append(data[at + 4 : end])
            at = end
        self._rest = data[at:]
        return frames
