"""What is large is freed a piece at a time: from the outside in, but for what somebody else holds."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import pytest

from gateline.config.release import release, released
from gateline.values.errors import ConfigError


class Piece:
    """Tells when it ends."""

    def __init__(self, ended: list[str], name: str) -> None:
        weakref.finalize(self, ended.append, name)


@pytest.mark.parametrize("count", [1, 1000])
@pytest.mark.parametrize("within", [lambda pieces: pieces, tuple, lambda pieces: {str(id(p)): p for p in pieces}])
def test_what_was_within_ends_before_the_next_part_is_looked_at(count: int, within: Callable[[Any], Any]):
    ended: list[str] = []
    held = Piece(ended, "held")
    parts = [{"deep": [within([Piece(ended, "own") for _ in range(count)])]}, [held], "text"]
    release(parts)
    assert parts == []
    assert ended == ["own"] * count


def test_an_error_holds_nothing_of_what_was_made():
    ended: list[str] = []
    parts: list[Any] = []

    def fail() -> None:
        local = [Piece(ended, "own")]
        parts.append(local)
        raise ConfigError.at(("routes",), "are odd") from ValueError(local)

    with pytest.raises(ConfigError, match="routes are odd") as caught:
        released(parts, fail)
    assert ended == ["own"]
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_what_was_made_well_stays():
    ended: list[str] = []
    parts: list[Any] = []

    def make() -> list[Piece]:
        made = [Piece(ended, "own")]
        parts.append(made)
        return made

    assert len(released(parts, make)) == 1
    assert parts == []
