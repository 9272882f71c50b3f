"""The gateway file and all that it names, as files that may change under a running process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateline.config.load import Loaded, load_text
from gateline.schema.secret import Sources
from gateline.values.errors import ConfigError, Fault

# Of each file: inode, change time, size; None where it is not there.
Signature = dict[Path, tuple[int, int, int] | None]


@dataclass(frozen=True, slots=True)
class NotedSources(Sources):
    """Sources that note which files were read."""

    read_files: set[Path] = field(default_factory=set)

    def read(self, name: str) -> bytes:
        """A whole file; noted before it is read, so that a missing one is watched for as well."""
        self.read_files.add(self.path(name))
        return Sources.read(self, name)


class PolicyFile:
    """Reads the policy, and tells whether reading it again could give another one."""

    def __init__(self, path: Path, environ: Mapping[str, str] | None) -> None:
        self.path = path
        self._sources = NotedSources(path.parent, environ)

    def read(self) -> Loaded:
        """Load the policy; `ConfigError` with every fault.

        The sources go on noting what is read from them, also when the loaded policy is built.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise ConfigError([Fault((), f"can't be read: {reason}", 0, str(self.path))]) from error
        return load_text(text, str(self.path), self._sources)

    def signature(self) -> Signature:
        """What all files look like now. Symbolic links are followed: a mounted ConfigMap swaps them."""
        return {path: _look(path) for path in sorted({self.path, *self._sources.read_files})}


def _look(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
