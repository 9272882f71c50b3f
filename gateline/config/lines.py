"""On which line of its file each value of a document stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, cast

from gateline.values.errors import Fault, Path

# Of each value the lines of what is below it, or its own line where nothing is; under None the line of the whole.
Lines: TypeAlias = "dict[str | int | None, int | Lines]"


def line_of(lines: Lines, path: Path) -> int:
    """The line of a path, or of the nearest one above it that has a line; 0 where none has."""
    found: int | Lines = lines
    for part in path:
        if not isinstance(found, dict) or part not in found:
            break
        found = found[part]
    return cast("int", found.get(None, 0)) if isinstance(found, dict) else found


def locate(faults: Iterable[Fault], lines: Lines, file: str) -> list[Fault]:
    """The faults, sorted by line, each with its file and line."""
    placed = [f if f.file else Fault(f.path, f.message, line_of(lines, f.path), file) for f in faults]
    return sorted(placed, key=lambda fault: fault.line)
