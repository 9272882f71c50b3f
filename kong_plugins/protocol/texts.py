"""Reads a `Struct` whose values are texts, as headers are: the most of what a plugin reads, in one pass.

Measured: six headers take 8 µs so, and 47 µs by the general way, which has the last word on everything else.
"""

_FIELD_1, _FIELD_2, _FIELD_3 = 0x0A, 0x12, 0x1A  # delimited


def texts(data: bytes) -> dict[str, str] | None:
    """Name to value; None where anything in it is no text, or is not encoded in the shortest and usual order."""
    found: dict[str, str] = {}
    at, end = 0, len(data)
    try:
        while at < end:
            if data[at] != _FIELD_1:
                return None
            at, stop = _span(data, at + 1)
            if stop > end or data[at] != _FIELD_1:
                return None
            key_at, key_end = _span(data, at + 1)
            if data[key_end] != _FIELD_2:
                return None
            at, value_end = _span(data, key_end + 1)
            if value_end != stop or data[at] != _FIELD_3:
                return None
            at, text_end = _span(data, at + 1)
            if text_end != stop:
                return None
            key = data[key_at:key_end].decode("utf-8", "surrogateescape")
            found[key] = data[at:stop].decode("utf-8", "surrogateescape")
            at = stop
    except IndexError:
        return None
    return found


def _span(data: bytes, at: int) -> tuple[int, int]:
    """Where a delimited field's content begins and ends; raises IndexError for a length of more than two bytes."""
    size = data[at]
    if size < 0x80:
        return at + 1, at + 1 + size
    high = data[at + 1]
    if high >= 0x80:
        raise IndexError
    return at + 2, at + 2 + (size & 0x7F | high << 7)
