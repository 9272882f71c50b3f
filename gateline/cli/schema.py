"""`gateline schema`: the JSON Schema of the gateway file, for editors."""

from __future__ import annotations

import json
from typing import Any

import click

from gateline.config.gateway import Gateway

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of the gateway file.

    An editor with a YAML language server takes it from the file's first line: # yaml-language-server: $schema=FILE
    """
    click.echo(json.dumps(gateway_schema(), indent=2))


def gateway_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the gateway file."""
    return {"$schema": DIALECT, **Gateway.model_json_schema(), "title": "Gateline's gateway file"}
