"""Headers as an ordered multimap of lower-case names.

Values arrive as bytes and are decoded when somebody reads them: UTF-8 with `surrogateescape`, so that any byte a client
sends survives the way through and out again (`to_bytes`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, KeysView, Sequence
from typing import Any

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

    def __init__(
        self, pairs: Collection[tuple[str, bytes | str]] | None = (), index: dict[str, Any] | None = None
    ) -> None:
        """Of `pairs`, or where no name comes twice of an `index` of them and no pairs."""
        self._pairs = pairs
        self._index = index

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, bytes | str]]) -> Headers:
        """Headers from pairs whose names come in any case."""
        return cls([(name.lower(), value) for name, value in pairs])

    @property
    def _lines(self) -> Collection[tuple[str, bytes | str]]:
        return self._indexed().items() if self._pairs is None else self._pairs

    def _indexed(self) -> dict[str, Any]:
        """Name to its value, or to the list of its values where there are several."""
        index = self._index
        if index is None:
            pairs = self._lines
            index = self._index = dict(pairs)
            if len(index) != len(pairs):
                index = self._index = _gathered(pairs)
        return index

    def all(self, name: str) -> Sequence[str]:
        """Every value of a field, in order; empty where it is absent."""
        index = self._index
        found = (self._indexed() if index is None else index).get(name)
        if type(found) is str:
            return (found,)
        if found is None:
            return ()
        return tuple(map(_text, found)) if isinstance(found, list) else (_text(found),)

    def first(self, name: str) -> str | None:
        """The first value of a field."""
        index = self._index
        found = (self._indexed() if index is None else index).get(name)
        if found is None or type(found) is str:
            return found
        return _text(found[0] if isinstance(found, list) else found)

    def replaced(self, values: dict[str, bytes]) -> Headers:
        """These headers, no name of which comes twice, with other values of some."""
        return Headers(None, self._indexed() | values)

    def names(self) -> KeysView[str]:
        """The names that occur."""
        return self._indexed().keys()

    def items(self) -> list[Pair]:
        """Every field line, in order."""
        return [(name, _text(value)) for name, value in self._lines]

    def __contains__(self, name: str) -> bool:
        return name in self._indexed()

    def __repr__(self) -> str:
        # Values may be credentials.
        return f"Headers({', '.join(name for name, _ in self._lines)})"


def _gathered(pairs: Collection[tuple[str, bytes | str]]) -> dict[str, Any]:
    """Name to its value, or to the list of its values."""
    index: dict[str, Any] = {}
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
