"""What is broken: a configuration, a dependency, a peer. A refusal is a value, not one of these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]


def show_path(path: Path) -> str:
    """`("routes", 2, "burst")` as `routes[2].burst`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a configuration. `line` counts from 1; 0 where the place has none."""

    path: Path
    message: str
    line: int = 0
    file: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        path = show_path(self.path)
        return f"{place}{path} {self.message}" if path else f"{place}{self.message}"


class ConfigError(Exception):
    """A configuration that can't be used: every fault with its place and the way out."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: Sequence[Fault] = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))

    @classmethod
    def at(cls, path: Path, message: str) -> ConfigError:
        """One fault at a path of the model; the loader adds file and line."""
        return cls([Fault(path, message)])


class UnavailableError(Exception):
    """A dependency did not answer. `transient`: trying again later may help."""

    def __init__(self, dependency: str, why: str = "", *, transient: bool = True) -> None:
        super().__init__(f"{dependency}: {why}" if why else dependency)
        self.dependency = dependency
        self.transient = transient


class ProtocolError(Exception):
    """A peer broke the rules of its protocol."""

    def __init__(self, peer: str, why: str) -> None:
        super().__init__(f"{peer}: {why}")
        self.peer = peer
