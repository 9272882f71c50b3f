"""Secrets and files that a configuration names: `{env: NAME}` or `{file: PATH}`, read when a policy is built."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import Field

from gateline.schema.model import Model

MAX_FILE_BYTES = 16 << 20


class SecretFromEnv(Model):
    """A secret in an environment variable."""

    env: Annotated[str, Field(min_length=1)]


class SecretFromFile(Model):
    """A secret in a file; one trailing newline does not count."""

    file: Annotated[str, Field(min_length=1)]


Secret = SecretFromEnv | SecretFromFile


class SourceError(Exception):
    """A file or variable that can't be read; says which, never what it holds."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where secrets and files come from.

    `folder` is the gateway file's; `environ` is None where the process has none of its own (a server that Kong starts).
    """

    folder: Path
    environ: Mapping[str, str] | None = field(default=None, repr=False)

    def path(self, name: str) -> Path:
        """A path of the configuration, relative to the gateway file."""
        return self.folder / name

    def read(self, name: str) -> bytes:
        """A whole file of at most 16 MiB."""
        path = self.path(name)
        try:
            with path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise SourceError(f"can't read {path}: {error.strerror}{_near(path)}") from error
        if len(data) > MAX_FILE_BYTES:
            raise SourceError(f"{path} is larger than {MAX_FILE_BYTES >> 20} MiB")
        return data

    def secret(self, secret: Secret) -> bytes:
        """The secret's bytes, never empty."""
        if isinstance(secret, SecretFromFile):
            value = self.read(secret.file).removesuffix(b"\n").removesuffix(b"\r")
        elif self.environ is None:
            raise SourceError(
                f"can't read the environment variable {secret.env}: Kong starts a plugin server without its "
                "environment; use {file: PATH}, or start the server yourself"
            )
        else:
            value = self.environ.get(secret.env, "").encode()
        if not value:
            raise SourceError(f"the secret in {name_of(secret)} is empty or not set")
        return value


def name_of(secret: Secret) -> str:
    """Where a secret stands, for messages."""
    return secret.file if isinstance(secret, SecretFromFile) else f"${secret.env}"


def _near(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return ""
    close = difflib.get_close_matches(path.name, names, n=1)
    return f"; did you mean {close[0]}?" if close else ""
