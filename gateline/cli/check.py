"""`gateline check`: whether a gateway file is right, and what is wrong where."""

from __future__ import annotations

import json
from pathlib import Path

import click

from gateline.cli.policy import DEFAULT_FILE, open_policy
from gateline.config.load import Loaded
from gateline.pipeline.build import build
from gateline.values.errors import ConfigError, show_path


@click.command("check")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default=DEFAULT_FILE)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def command(file: Path, as_json: bool) -> None:
    """Load FILE and build its policy. Exit code 2 where it has faults."""
    try:
        loaded = open_policy(file).read()
        build(loaded)
    except ConfigError as error:
        _refuse(error, as_json)
        raise SystemExit(2) from error
    click.echo(json.dumps({"ok": True, "revision": loaded.revision, "faults": []}) if as_json else _summary(loaded))


def _summary(loaded: Loaded) -> str:
    gateway = loaded.gateway
    counts = {
        "route": gateway.routes,
        "upstream": gateway.upstreams,
        "method": gateway.authentication,
        "API key": loaded.api_keys,
    }
    parts = [f"{len(items)} {name}{'' if len(items) == 1 else 's'}" for name, items in counts.items()]
    return f"{loaded.file}: right; {', '.join(parts)}; revision {loaded.revision}"


def _refuse(error: ConfigError, as_json: bool) -> None:
    if as_json:
        faults = [
            {"file": fault.file, "line": fault.line, "path": show_path(fault.path), "message": fault.message}
            for fault in error.faults
        ]
        click.echo(json.dumps({"ok": False, "revision": None, "faults": faults}))
        return
    for fault in error.faults:
        click.echo(str(fault), err=True)
    count = len(error.faults)
    click.echo(f"{count} fault{'' if count == 1 else 's'}", err=True)
