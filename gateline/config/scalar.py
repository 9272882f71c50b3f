"""The scalars of YAML 1.2's core schema: `off`, `yes` and `12:30` are text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_PREFIX = "tag:yaml.org,2002:"
_TEXT = f"{_PREFIX}str"
_MAKE: dict[str, Callable[[str], Any]] = {
    _TEXT: str,
    f"{_PREFIX}null": lambda _: None,
    f"{_PREFIX}bool": lambda text: text[0] in "tT",
    f"{_PREFIX}int": lambda text: int(text, 0 if text[:2] in ("0o", "0x") else 10),
    f"{_PREFIX}float": float,
}
# What a plain scalar may be, by how it begins.
_PLAIN: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
for _kind, _pattern, _begins in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    for _begin in _begins:
        _PLAIN.setdefault(_begin, []).append((f"{_PREFIX}{_kind}", re.compile(rf"^(?:{_pattern})$")))


def scalar(text: str, tag: str | None, *, plain: bool) -> Any:
    """The value of a scalar; `plain` is one without quotes. `ValueError` says what is wrong with it."""
    if tag is None:
        kinds = _PLAIN.get(text[:1], ()) if plain else ()
        tag = next((tag for tag, pattern in kinds if pattern.match(text)), _TEXT)
    make = _MAKE.get(tag)
    if make is None:
        raise ValueError(f"has the tag {tag}: plain YAML only")
    try:
        return make(text)
    except (ValueError, IndexError) as error:
        raise ValueError(f"is no {tag.removeprefix(_PREFIX)}") from error
