"""Frees what is large a piece at a time.

To free ten thousand routes at once takes tens of milliseconds in which no other thread runs, the loop's neither.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from gateline.values.errors import ConfigError

T = TypeVar("T")


# What stands in a container of no more than this, and is none itself, may end with it.
_FEW = 100
_CONTAINERS = (dict, list, tuple)


def release(parts: list[Any]) -> None:
    """Empty `parts`, and take apart from the outside in whatever dictionary, list or tuple nobody else holds."""
    while parts:
        part = parts.pop()
        if isinstance(part, _CONTAINERS):
            parts += _in(part)


def _in(container: Any) -> list[Any]:
    values = container.values() if isinstance(container, dict) else container
    return [value for value in values if len(values) > _FEW or isinstance(value, _CONTAINERS)]


def released(parts: list[Any], run: Callable[[], T]) -> T:
    """What `run` returns, or its `ConfigError`, after `parts` (it may add to them) have been released.

    The error comes without its traceback and its cause: those hold what is to be freed.
    """
    try:
        found = run()
    except ConfigError as error:
        faults = error.faults
    else:
        release(parts)
        return found
    release(parts)
    raise ConfigError(faults)
