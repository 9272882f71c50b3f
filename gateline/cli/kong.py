"""`gateline kong`: work on a Kong that is there already."""

from __future__ import annotations

from typing import Final

import click

from gateline.cli.lazy import LazyGroup

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "fence": ("gateline.cli.kong_fence", "Guard the routes of a kong.yml against plugins that did not run."),
}


@click.group("kong", cls=LazyGroup, commands_in=COMMANDS)
def command() -> None:
    """Gateline's plugins in a Kong of your own."""
