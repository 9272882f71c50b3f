"""Loads a gateway file: model, places of its rules, and where its secrets come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from pydantic import TypeAdapter, ValidationError

from gateline.authn.key_model import APIKey
from gateline.config.check import faults_of
from gateline.config.gateway import ApiKeysFile, Gateway
from gateline.config.parse import Lines, parse
from gateline.config.translate import faults_from
from gateline.schema.secret import SourceError, Sources
from gateline.values.errors import ConfigError, Fault, Path

_API_KEYS: TypeAdapter[tuple[APIKey, ...]] = TypeAdapter(tuple[APIKey, ...])


@dataclass(frozen=True, slots=True)
class Loaded:
    """A gateway as it was read. `revision` tells one policy from another; key files are part of it."""

    gateway: Gateway
    file: str
    sources: Sources
    api_keys: tuple[APIKey, ...] = ()
    lines: Lines = field(default_factory=dict, repr=False)

    @property
    def revision(self) -> str:
        """The policy's revision (12 hex digits)."""
        return self.gateway.model_copy(update={"api_keys": self.api_keys}).revision

    def place(self, path: Path) -> str:
        """`gateline.yaml:14`: the line of a path, or of the nearest one above it."""
        return f"{self.file}:{line_of(self.lines, path)}"

    def error(self, faults: Iterable[Fault]) -> ConfigError:
        """The faults with file and line."""
        return ConfigError(locate(faults, self.lines, self.file))


def load(path: FilePath | str, environ: Mapping[str, str] | None) -> Loaded:
    """Read a file; `ConfigError` holds every fault with its line. `environ` None: secrets come from files alone."""
    file = FilePath(path)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError([Fault((), f"can't be read: {reason}", 0, str(path))]) from error
    return load_text(text, str(path), Sources(file.parent, environ))


def load_text(text: str, file: str, sources: Sources) -> Loaded:
    """Load from text; `file` names it in errors."""
    data, lines = parse(text, file)
    return load_data(data, file, lines, sources)


def load_data(data: Any, file: str, lines: Lines, sources: Sources) -> Loaded:
    """Load from plain data (an inline gateway of a test, a plugin's configuration)."""
    try:
        gateway = Gateway.model_validate(data)
    except ValidationError as error:
        raise ConfigError(locate(faults_from(error.errors(), data), lines, file)) from error
    loaded = Loaded(gateway, file, sources, _api_keys(gateway, file, lines, sources), lines)
    if faults := list(faults_of(gateway, loaded.api_keys)):
        raise loaded.error(faults)
    return loaded


def _api_keys(gateway: Gateway, file: str, lines: Lines, sources: Sources) -> tuple[APIKey, ...]:
    keys = gateway.api_keys
    if not isinstance(keys, ApiKeysFile):
        return keys
    try:
        text = sources.read(keys.file).decode()
    except (SourceError, UnicodeDecodeError) as error:
        raise ConfigError(locate([Fault(("api_keys", "file"), str(error))], lines, file)) from error
    name = str(sources.path(keys.file))
    data, key_lines = parse(text, name) if text.strip() else ([], {})
    if not isinstance(data, list):
        raise ConfigError([Fault((), "must be a list of API keys", 1, name)])
    try:
        return _API_KEYS.validate_python(data)
    except ValidationError as error:
        # Without the input: a fault must not quote what stands there in place of a hash.
        faults = faults_from(error.errors(include_input=False), data)
        raise ConfigError(locate(faults, key_lines, name)) from error


def line_of(lines: Lines, path: Path) -> int:
    """The line of a path, or of the nearest one above it that has a line; 0 where none has."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 0)


def locate(faults: Iterable[Fault], lines: Lines, file: str) -> list[Fault]:
    """The faults, sorted by line, each with its file and line."""
    placed = [f if f.file else Fault(f.path, f.message, line_of(lines, f.path), file) for f in faults]
    return sorted(placed, key=lambda fault: fault.line)
