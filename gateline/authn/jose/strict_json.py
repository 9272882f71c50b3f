"""JSON as an attacker may write it, read in one way only: no name twice, no NaN, nothing deep."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

MAX_DEPTH = 16
MAX_DIGITS = 32


class NotStrictError(ValueError):
    """The text is no JSON object that everybody reads alike; the message says why and quotes nothing of it."""


def read_object(raw: bytes) -> dict[str, Any]:
    """The object that a UTF-8 text holds (RFC 8259), else `NotStrictError`.

    Two readers of doubled names may see different claims (RFC 7515 §4, RFC 7519 §4 let us refuse them).
    """
    try:
        text = raw.decode("utf-8")
        value = _DECODER.decode(text)
    except NotStrictError:
        raise
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise NotStrictError(f"is no JSON ({type(error).__name__})") from None
    if not isinstance(value, dict):
        raise NotStrictError("is no JSON object")
    # No half of a surrogate pair comes without an escape, nor depth without brackets.
    if "\\u" in text or text.count("{") + text.count("[") > MAX_DEPTH:
        _check(value, 1)
    return value


def _check(value: Any, depth: int) -> None:
    if isinstance(value, str):
        if not value.isascii():
            _check_text(value)
    elif isinstance(value, dict | list):
        if depth > MAX_DEPTH:
            raise NotStrictError(f"is nested deeper than {MAX_DEPTH}")
        for item in value:
            _check(item, depth + 1)
        if isinstance(value, dict):
            for item in value.values():
                _check(item, depth + 1)


def _check_text(text: str) -> None:
    """A lone surrogate (`\\udc80`) is no character: as a header value it would come out as a raw byte."""
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise NotStrictError("holds half a surrogate pair")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotStrictError("has a name twice")
    return found


def _no_constant(_: str) -> NoReturn:
    raise NotStrictError("has a number that is none (NaN, Infinity)")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise NotStrictError("has a number out of range")
    return value


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise NotStrictError("has a number out of range")
    return int(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole
)
