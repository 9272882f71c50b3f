"""`gateline`: its commands, each in a file of its own."""

from __future__ import annotations

from typing import Final

import click

from gateline.cli.lazy import LazyGroup

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "run": ("gateline.cli.run", "Run everything on this machine: Envoy, Valkey, the sidecar, demo backends."),
    "serve": ("gateline.cli.serve", "Serve decisions to Envoy (ext_authz, rate limit)."),
    "check": ("gateline.cli.check", "Say whether a gateway file is right, and what is wrong where."),
    "explain": ("gateline.cli.explain", "Judge one request and say why, step by step."),
    "compile": ("gateline.cli.compile", "Write the configuration of a proxy."),
    "kong": ("gateline.cli.kong", "Gateline's plugins in a Kong of your own."),
    "token": ("gateline.cli.token", "Mint a demo token."),
    "keys": ("gateline.cli.keys", "Create, list, revoke and rotate API keys."),
    "schema": ("gateline.cli.schema", "Print the JSON Schema of the gateway file, for editors."),
}


@click.group(
    cls=LazyGroup,
    commands_in=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="gateline")
def main() -> None:
    """One gateway policy in front of any API, decided behind Envoy and Kong."""
