"""Keeps the typed builder from working out the same things for every message.

betterproto2 evaluates a class's annotations and builds its validator anew for each message: 27 ms a route, of which 3
are left when both are remembered. While a configuration is made, and only then, its two functions are ours.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, get_type_hints

from betterproto2 import Message
from pydantic_core import SchemaValidator

_OURS = ("_type_hints", "_validate")


@contextmanager
def remembering() -> Iterator[None]:
    """Inside, the builder remembers. A version of it that has no such functions is left alone."""
    if not all(name in vars(Message) for name in _OURS):
        yield
        return
    theirs = {name: vars(Message)[name] for name in _OURS}
    _set({"_type_hints": classmethod(_type_hints), "_validate": _validate})
    try:
        yield
    finally:
        _set(theirs)


def _set(functions: Mapping[str, Any]) -> None:
    for name, function in functions.items():
        setattr(Message, name, function)


def _type_hints(kind: Any) -> dict[str, Any]:
    return _hints_of(kind)


@cache
def _hints_of(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind, vars(sys.modules[kind.__module__]), {})


def _validate(message: Message) -> None:
    fields = {name: value for name, value in vars(message).items() if name != "_unknown_fields"}
    _validator(type(message)).validate_python(fields)


@cache
def _validator(kind: Any) -> SchemaValidator:
    return SchemaValidator(kind.__pydantic_core_schema__)
