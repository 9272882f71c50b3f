"""Writes a compiled configuration as YAML that is meant to be read: short values inline, and a comment where a line's
reason can't be seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from gateline.compile.envoy.comments import COMMENTS, NAMED, head
from gateline.config.load import Loaded

_WIDTH = 110
_PLAIN = re.compile(r"[A-Za-z0-9_./(-]([A-Za-z0-9_./()+* -]|:(?! |$))*(?<! )")


def render(config: Mapping[str, Any], loaded: Loaded) -> str:
    """The whole file, with a head that says where it comes from."""
    lines = [*_comment(head(Path(loaded.file).name), ""), *_Writer().mapping(config, "")]
    return "\n".join(lines) + "\n"


class _Writer:
    """Block style; each comment once, where its key comes first."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def mapping(self, value: Mapping[str, Any], indent: str) -> Iterator[str]:
        for key, item in value.items():
            yield from self._say(COMMENTS.get(key), indent)
            yield from self._entry(f"{indent}{_scalar(key)}:", item, indent)

    def _entry(self, start: str, item: Any, indent: str) -> Iterator[str]:
        inline = f"{start} {_inline(item)}"
        if not isinstance(item, Mapping | Sequence) or isinstance(item, str) or not item or self._short(item, inline):
            yield inline
        elif isinstance(item, Mapping):
            yield start
            yield from self.mapping(item, f"{indent}  ")
        else:
            yield start
            yield from self._sequence(item, indent)

    def _sequence(self, items: Sequence[Any], indent: str) -> Iterator[str]:
        for item in items:
            inline = f"{indent}- {_inline(item)}"
            if not isinstance(item, Mapping) or self._short(item, inline):
                yield inline
                continue
            yield from self._say(NAMED.get(item.get("name", "")), indent)
            lines = list(self.mapping(item, f"{indent}  "))
            first = next(i for i, line in enumerate(lines) if not line.lstrip().startswith("#"))
            yield from (line.removeprefix("  ") for line in lines[:first])
            yield f"{indent}- {lines[first].lstrip()}"
            yield from lines[first + 1 :]

    def _short(self, item: Any, inline: str) -> bool:
        return len(inline) <= _WIDTH and not any(key in COMMENTS for key in _keys(item))

    def _say(self, text: str | None, indent: str) -> Iterator[str]:
        if text is not None and text not in self._said:
            self._said.add(text)
            yield from _comment(text, indent)


def _comment(text: str, indent: str) -> Iterator[str]:
    for line in text.splitlines():
        yield f"{indent}# {line}".rstrip()


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _keys(item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _keys(item)


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    """Plain where YAML 1.1 and 1.2 read the same text again, else quoted."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and _reads_as_itself(value):
        return value
    if value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value)


@cache
def _reads_as_itself(text: str) -> bool:
    return bool(yaml.safe_load(text) == text)
