"""`gateline compile envoy`: an Envoy bootstrap that asks the sidecar."""

from __future__ import annotations

from pathlib import Path

import click

from gateline.cli.options import DEFAULT_LISTEN
from gateline.cli.policy import DEFAULT_FILE, faults_shown, open_policy
from gateline.compile.envoy import EnvoyOptions, render_yaml
from gateline.runtime.addresses import worker_address


@click.command("envoy")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default=DEFAULT_FILE)
@click.option("--listen", default="127.0.0.1:10000", show_default=True, help="Where Envoy listens.")
@click.option(
    "--sidecar", default=DEFAULT_LISTEN, show_default=True, help="HOST:PORT or unix:PATH of `gateline serve`."
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="As `gateline serve` has it.")
@click.option("--admin", help="Where Envoy's own admin port listens; without it there is none.")
def command(file: Path, listen: str, sidecar: str, workers: int, admin: str | None) -> None:
    """Write Envoy's configuration for the policy in FILE."""
    sidecars = (sidecar,) if workers == 1 else tuple(worker_address(sidecar, index) for index in range(workers))
    with faults_shown():
        loaded = open_policy(file).read()
        text = render_yaml(loaded, EnvoyOptions(listen=listen, sidecars=sidecars, admin=admin))
    click.echo(text, nl=False)
