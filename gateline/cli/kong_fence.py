"""`gateline kong fence`: guard the routes of a kong.yml against plugins that did not run."""

from __future__ import annotations

import difflib
from pathlib import Path

import click

from gateline.cli.policy import failed, faults_shown

HELP = """\
Write a fence into every post-function that needs one, and add post-functions where there are none.

A fence refuses a request with 503 unless each of Gateline's plugins on its route has left its verdict: Kong's MsgPack
protocol lets requests through when a plugin server is away, hangs or breaks. FILE is changed in place; comments and
spacing stay. Run it again whenever plugins or routes change.
"""


@click.command("fence", help=HELP)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default="kong.yml")
@click.option("--diff", "only_diff", is_flag=True, help="Print what would change, and change nothing.")
@click.option("--check", "only_check", is_flag=True, help="Exit with 1 where a fence is missing or can't guard.")
def command(file: Path, only_diff: bool, only_check: bool) -> None:
    """See HELP."""
    from gateline.compile.kong.fencing import fence_document  # noqa: PLC0415

    try:
        from gateline.compile.kong.in_place import edited  # noqa: PLC0415  # ruamel.yaml is an extra
    except ImportError as error:
        raise failed("this needs ruamel.yaml: pip install 'gateline[kong]'") from error
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise failed(f"{file} can't be read: {getattr(error, 'strerror', 'it is not UTF-8')}") from error
    faults: list[str] = []
    with faults_shown():
        after = edited(text, str(file), lambda document: faults.extend(fence_document(document)))
    for fault in faults:
        click.echo(f"error: {file}: {fault}", err=True)
    diff = list(difflib.unified_diff(text.splitlines(True), after.splitlines(True), str(file), f"{file} (fenced)"))
    if only_diff:
        click.echo("".join(diff), nl=False)
    elif only_check and diff:
        click.echo(f"error: {file}: not every route is fenced; run `gateline kong fence {file}`", err=True)
    elif diff and not only_check:
        file.write_text(after, encoding="utf-8")
    if faults or (only_check and diff):
        raise SystemExit(1)
    if not only_diff:
        click.echo(f"{file}: fenced" if not diff or not only_check else "")
