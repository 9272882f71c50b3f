"""`gateline compile`: the proxies that a policy can be compiled for, each in a file of its own."""

from __future__ import annotations

from typing import Final

import click

from gateline.cli.lazy import LazyGroup

PROXIES: Final[dict[str, tuple[str, str]]] = {
    "envoy": ("gateline.cli.compile_envoy", "An Envoy bootstrap that asks the sidecar."),
    "kong": ("gateline.cli.compile_kong", "A declarative configuration whose plugins decide."),
}


@click.group("compile", cls=LazyGroup, commands_in=PROXIES)
def command() -> None:
    """Write the configuration of a proxy to standard output. What it can't say is an error with its line."""
