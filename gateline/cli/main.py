"""`gateline`: finds a command's file by its name and imports it only when it is called, so that help is fast."""

from __future__ import annotations

import importlib
from typing import Final

import click

# Command: what `gateline --help` says of it. Its file is `cli/<command>.py`, its function `command`.
COMMANDS: Final[dict[str, str]] = {
    "run": "Run everything on this machine: Envoy, Valkey, the sidecar, demo backends.",
    "serve": "Serve decisions to Envoy (ext_authz, rate limit).",
    "check": "Say whether a gateway file is right, and what is wrong where.",
    "compile": "Write the configuration of a proxy.",
    "explain": "Judge one request and say why, step by step.",
    "token": "Mint a demo token.",
    "keys": "Create, list, revoke and rotate API keys.",
    "schema": "Print the JSON Schema of the gateway file, for editors.",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"gateline.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List them without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="gateline")
def main() -> None:
    """One gateway policy in front of any API, decided behind Envoy and Kong."""
