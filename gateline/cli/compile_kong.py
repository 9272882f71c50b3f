"""`gateline compile kong`: a declarative configuration whose plugins decide by the same policy."""

from __future__ import annotations

from pathlib import Path

import click

from gateline.cli.policy import DEFAULT_FILE, faults_shown, open_policy
from gateline.compile.kong import render_yaml


@click.command("kong")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default=DEFAULT_FILE)
@click.option("--file-in-kong", metavar="PATH", help="Where the plugin server finds FILE (default: its absolute path).")
def command(file: Path, file_in_kong: str | None) -> None:
    """Write Kong's configuration for the policy in FILE."""
    with faults_shown():
        text = render_yaml(open_policy(file).read(), file_in_kong)
    click.echo(text, nl=False)
