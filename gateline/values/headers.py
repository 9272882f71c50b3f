"""Headers as an ordered multimap of lower-case names.

Values are text decoded as UTF-8 with `surrogateescape`, so that any byte a client sends survives the way through and
out again (`to_bytes`).
"""

from __future__ import annotations

from collections.abc import Iterable, KeysView, Sequence

Pair = tuple[str, str]


def to_text(raw: bytes) -> str:
    """The text of a header value, a path or a host; bytes that are not UTF-8 become lone surrogates."""
    return raw.decode("utf-8", "surrogateescape")


def to_bytes(text: str) -> bytes:
    """The bytes that `to_text` was given."""
    return text.encode("utf-8", "surrogateescape")


def is_field_value(text: str) -> bool:
    """Whether a value that a policy sets may travel in a header (RFC 9110 §5.5: no CR, LF or NUL)."""
    return not ("\r" in text or "\n" in text or "\0" in text)


class Headers:
    """Header fields in the order of arrival. Names must be lower-case; the index is made on first use."""

    __slots__ = ("_index", "pairs")

    def __init__(self, pairs: Sequence[Pair] = ()) -> None:
        self.pairs = pairs
        self._index: dict[str, list[str]] | None = None

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Headers:
        """Headers from pairs whose names come in any case."""
        return cls([(name.lower(), value) for name, value in pairs])

    def _indexed(self) -> dict[str, list[str]]:
        index = self._index
        if index is None:
            index = self._index = {}
            for name, value in self.pairs:
                if name in index:
                    index[name].append(value)
                else:
                    index[name] = [value]
        return index

    def all(self, name: str) -> Sequence[str]:
        """Every value of a field, in order; empty where it is absent."""
        return self._indexed().get(name, ())

    def first(self, name: str) -> str | None:
        """The first value of a field."""
        values = self._indexed().get(name)
        return values[0] if values else None

    def names(self) -> KeysView[str]:
        """The names that occur."""
        return self._indexed().keys()

    def __contains__(self, name: str) -> bool:
        return name in self._indexed()

    def __repr__(self) -> str:
        # Values may be credentials.
        return f"Headers({', '.join(name for name, _ in self.pairs)})"
