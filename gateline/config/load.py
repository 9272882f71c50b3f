"""Loads a gateway file: model, places of its rules, and where its secrets come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from gateline.authn.key_model import APIKey
from gateline.config.check import faults_of
from gateline.config.gateway import ApiKeysFile, Gateway
from gateline.config.lines import Lines, line_of, locate
from gateline.config.parse import parse
from gateline.config.release import released
from gateline.config.validate import api_keys_of, gateway_of
from gateline.schema.secret import SourceError, Sources
from gateline.values.errors import ConfigError, Fault, Path


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
    read: list[Any] = list(parse(text, file))
    return released(read, lambda: load_data(read[0], file, read[1], sources))


def load_data(data: Any, file: str, lines: Lines, sources: Sources) -> Loaded:
    """Load from plain data (an inline gateway of a test, a plugin's configuration)."""
    made: list[Any] = []

    def loaded() -> Loaded:
        gateway = gateway_of(data, made)
        api_keys = _api_keys(gateway, sources, made)
        if faults := list(faults_of(gateway, api_keys)):
            raise ConfigError(faults)
        return Loaded(gateway, file, sources, api_keys, lines)

    try:
        return released(made, loaded)
    except ConfigError as error:
        raise ConfigError(locate(error.faults, lines, file)) from error


def _api_keys(gateway: Gateway, sources: Sources, made: list[Any]) -> tuple[APIKey, ...]:
    keys = gateway.api_keys
    if not isinstance(keys, ApiKeysFile):
        return keys
    try:
        text = sources.read(keys.file).decode()
    except (SourceError, UnicodeDecodeError) as error:
        raise ConfigError.at(("api_keys", "file"), str(error)) from error
    name = str(sources.path(keys.file))
    data, key_lines = parse(text, name) if text.strip() else ([], {})
    made += (data, key_lines)
    if not isinstance(data, list):
        raise ConfigError([Fault((), "must be a list of API keys", 1, name)])
    try:
        return api_keys_of(data, made)
    except ConfigError as error:
        raise ConfigError(locate(error.faults, key_lines, name)) from error
