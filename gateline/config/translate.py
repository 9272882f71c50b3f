"""Turns pydantic's errors into faults: the path as the file has it, and a message that says what to write."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from gateline.values.errors import Fault, Path

MOST_FAULTS = 200
_BOUNDS = {
    "greater_than_equal": ("≥", "ge"),
    "greater_than": (">", "gt"),
    "less_than_equal": ("≤", "le"),
    "less_than": ("<", "lt"),
}
_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def faults_from(errors: Iterable[Mapping[str, Any]], data: Any) -> Iterator[Fault]:
    """The faults of a `ValidationError`, without those that only follow from another.

    A value that is of one form of several (text or a mapping) is told what is wrong with its form, not that it should
    have been the other; a list with a wrong item is not called empty.
    """
    found = [(str(error["type"]), fault_from(error, data)) for error in islice(errors, MOST_FAULTS)]
    for kind, fault in found:
        others = [other.path for _, other in found if other is not fault]
        specific = [other.path for other_kind, other in found if other_kind not in _KINDS]
        follows = kind in _KINDS and any(path[: len(fault.path)] == fault.path for path in specific)
        below = kind == "too_short" and any(_is_below(path, fault.path) for path in others)
        if not follows and not below:
            yield fault


def _is_below(path: Path, above: Path) -> bool:
    return len(path) > len(above) and path[: len(above)] == above


def fault_from(error: Mapping[str, Any], data: Any) -> Fault:
    """One of `ValidationError.errors()` as a fault of the file whose data this is."""
    kind, context = error["type"], error.get("ctx", {})
    path = _path_in(data, error["loc"])
    if kind == "unknown_field":
        return Fault((*path, context["key"]), f"is not a known field; {context['hint']}")
    if kind == "missing":
        return Fault((*path, *error["loc"][-1:]), "is missing")
    return Fault(path, _message(kind, context, error))


def _message(kind: str, context: Mapping[str, Any], error: Mapping[str, Any]) -> str:
    if kind in _BOUNDS:
        sign, bound = _BOUNDS[kind]
        return f"must be {sign} {context[bound]}"
    if kind in _KINDS:
        return f"must be {_KINDS[kind]}"
    if kind in ("literal_error", "enum"):
        return _one_of(str(context["expected"]), error.get("input"))
    if kind == "union_tag_invalid":
        return _one_of(str(context["expected_tags"]), context["tag"], field=str(context["discriminator"]))
    if kind == "union_tag_not_found":
        return f"needs the field {context['discriminator']}"
    if kind in ("too_short", "string_too_short"):
        return "must not be empty"
    if kind == "string_pattern_mismatch":
        return f"must match {context['pattern']}"
    if kind == "value_error":
        return str(context["error"])
    message = str(error["msg"])
    return message[:1].lower() + message[1:]


def _one_of(expected: str, given: object, field: str = "") -> str:
    names = [name.strip().strip("'") for name in expected.replace(" or ", ", ").split(",")]
    close = difflib.get_close_matches(str(given), names, n=1)
    hint = f"; did you mean `{close[0]}`?" if close else ""
    return f"{field.strip(chr(39))} must be {', '.join(names)}{hint}".lstrip()


def _path_in(data: Any, loc: tuple[str | int, ...]) -> Path:
    """The part of pydantic's location that exists in the data: names of union members and tags fall out."""
    path: list[str | int] = []
    part: Any
    for part in loc:
        if (isinstance(data, dict) and part in data) or (isinstance(data, list) and isinstance(part, int)):
            try:
                data = data[part]
            except IndexError:
                continue
            path.append(part)
    return tuple(path)
