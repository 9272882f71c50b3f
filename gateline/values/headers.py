"""Headers as an ordered multimap of lower-case names.

Values arrive as bytes and are decoded when somebody reads them: UTF-8 with `surrogateescape`, so that any byte a client
sends survives the way through and out again (`to_bytes`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, KeysView, Sequence

Pair = tuple[str, str]


def to_text(raw: bytes) -> str:
    """The text of a header value, a path or a host; bytes that are not UTF-8 become lone surrogates."""
    return raw.decode("utf-8", "surrogateescape")


def to_bytes(text: str) -> bytes:
    """The bytes that `to_text` was given."""
    return text.encode("utf-8", "surrogateescape")


def is_field_value(text: str) -> bool:
    """Whether a value that a policy sets may travel in a header (RFC 9110 §5.5: no CR, LF or NUL) and is UTF-8."""
    if "\r" in text or "\n" in text or "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Headers:
    """Header fields in the order of arrival. Names must be lower-case; values are bytes, or text already."""

    __slots__ = ("_index", "_pairs")

    def __init__(self, pairs: Collection[tuple[str, bytes | str]] = ()) -> None:
        self._pairs = pairs
        self._index: dict[str, bytes | str | list[bytes | str]] | None = None

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, bytes | str]]) -> Headers:
        """Headers from pairs whose names come in any case."""
        return cls([(name.lower(), value) for name, value in pairs])

    @classmethod
    def unique(cls, index: dict[str, bytes | str | list[bytes | str]]) -> Headers:
        """Headers that are indexed already, since no name comes twice."""
        headers = cls(index.items())  # type: ignore[arg-type]  # no value is a list
        headers._index = index
        return headers

    def _indexed(self) -> dict[str, bytes | str | list[bytes | str]]:
        """Name to its value, or to the list of its values where there are several."""
        index = self._index
        if index is None:
            index = self._index = dict(self._pairs)
            if len(index) != len(self._pairs):
                index = self._index = _gathered(self._pairs)
        return index

    def all(self, name: str) -> Sequence[str]:
        """Every value of a field, in order; empty where it is absent."""
        found = self._indexed().get(name)
        if found is None:
            return ()
        if isinstance(found, list):
            return tuple(map(_text, found))
        return (_text(found),)

    def first(self, name: str) -> str | None:
        """The first value of a field."""
        found = self._indexed().get(name)
        if found is None:
            return None
        return _text(found[0] if isinstance(found, list) else found)

    def names(self) -> KeysView[str]:
        """The names that occur."""
        return self._indexed().keys()

    def items(self) -> list[Pair]:
        """Every field line, in order."""
        return [(name, _text(value)) for name, value in self._pairs]

    def __contains__(self, name: str) -> bool:
        return name in self._indexed()

    def __repr__(self) -> str:
        # Values may be credentials.
        return f"Headers({', '.join(name for name, _ in self._pairs)})"


def _gathered(pairs: Collection[tuple[str, bytes | str]]) -> dict[str, bytes | str | list[bytes | str]]:
    index: dict[str, bytes | str | list[bytes | str]] = {}
    for name, value in pairs:
        known = index.get(name)
        if known is None:
            index[name] = value
        elif isinstance(known, list):
            known.append(value)
        else:
            index[name] = [known, value]
    return index


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")
