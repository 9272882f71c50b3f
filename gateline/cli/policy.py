"""How commands come to a policy: options, demo keys, errors for people."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from gateline.config.load import Loaded
from gateline.demo.keys import make_missing
from gateline.runtime.policy_file import PolicyFile
from gateline.values.errors import ConfigError

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT_FILE = "gateline.yaml"


def config_option(function: F) -> F:
    """`-c/--config FILE`, by default ./gateline.yaml."""
    path = click.Path(dir_okay=False, path_type=Path)
    option = click.option("-c", "--config", "config", type=path, default=DEFAULT_FILE, show_default=True)
    return option(function)


def open_policy(path: Path) -> PolicyFile:
    """The policy's file; keys under `.gateline/` that are missing are made."""
    make_missing(path)
    return PolicyFile(path, os.environ)


def load_policy(path: Path) -> Loaded:
    """The policy, or the end of the command with its faults."""
    with faults_shown():
        return open_policy(path).read()


@contextmanager
def faults_shown() -> Iterator[None]:
    """A configuration's faults end the command: each on a line with its file and line, exit code 2."""
    try:
        yield
    except ConfigError as error:
        for fault in error.faults:
            click.echo(f"error: {fault}", err=True)
        raise SystemExit(2) from error


def failed(message: str, code: int = 2) -> SystemExit:
    """The end of a command: its message on standard error, and an exit code (2: the user's error)."""
    click.echo(f"error: {message}", err=True)
    return SystemExit(code)
