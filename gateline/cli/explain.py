"""`gateline explain`: judges one request as the gateway would, and says why, step by step."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from gateline.cli.policy import config_option, failed, faults_shown, open_policy
from gateline.context import Context
from gateline.pipeline.build import build
from gateline.pipeline.run import Pipeline
from gateline.runtime.drive import drive_now
from gateline.runtime.made_world import memory_performer
from gateline.runtime.outcome import outcome_of
from gateline.values.headers import Headers
from gateline.values.request import Request


@click.command("explain")
@config_option
@click.option("-X", "--request", "method", default="GET", show_default=True, metavar="METHOD")
@click.option("-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="May come more than once.")
@click.option("-d", "--data", "body", help="The request's body.")
@click.option("--client", default="127.0.0.1", show_default=True, help="The client's address.")
@click.option("--route", help="Judge by this route, as a proxy asks that does its own routing.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.argument("url")
def command(config: Path, url: str, as_json: bool, **given: Any) -> None:
    """Judge a request to URL (or a bare path). Limits count in memory, from nothing: no store is asked."""
    request = _request(url, given)
    with faults_shown():
        explanation = explain(open_policy(config), request)
    click.echo(json.dumps(explanation, indent=2)) if as_json else _show(explanation)


def explain(policy: Any, request: Request) -> dict[str, Any]:
    """`{decision, status, code, route, steps: [{step, outcome, why, rule}]}`, and `would` in shadow."""
    seen: list[Context] = []
    pipeline = Pipeline(build(policy.read()), seen.append)
    decision = drive_now(pipeline.decide(request, explain=True), memory_performer())
    context = seen[-1]
    outcome = outcome_of(decision)
    explanation: dict[str, Any] = {
        "decision": outcome.decision,
        "status": outcome.status,
        "code": outcome.code or None,
        "route": context.route.id or None,
        "steps": [
            {"step": note.step, "outcome": note.outcome, "why": note.why, "rule": note.rule}
            for note in context.notes or ()
        ],
    }
    if context.would is not None:
        explanation["would"] = outcome_of(context.would)._asdict()
    return explanation


def _request(url: str, given: dict[str, Any]) -> Request:
    parts = urlsplit(url)
    # A bare path is taken as it is: `//x` is a path to judge here, not a host.
    scheme, host, target = ("http", "localhost", url)
    if parts.scheme in ("http", "https"):
        scheme, host = parts.scheme, parts.netloc
        target = url.split("#", 1)[0].split("://", 1)[1].removeprefix(parts.netloc) or "/"
        target = target if target.startswith("/") else f"/{target}"
    elif not url.startswith("/"):
        raise failed(f"{url!r} is neither a URL nor a path")
    pairs = []
    for line in given["headers"]:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise failed(f"header {name!r} is not of the form 'NAME: VALUE'")
        pairs.append((name.strip(), value.strip()))
    headers = Headers.of(pairs)
    return Request(
        method=given["method"],
        target=target,
        host=headers.first("host") or host,
        headers=headers,
        peer=given["client"],
        now=time.time(),
        route=given["route"],
        scheme=scheme,
        request_id="explain",
        body=given["body"].encode() if given["body"] is not None else None,
    )


def _show(explanation: dict[str, Any]) -> None:
    # For people alone, so only now.
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    console = Console(soft_wrap=True, highlight=False)
    code = f" {explanation['code']}" if explanation["code"] else ""
    route = f" (route {explanation['route']})" if explanation["route"] else ""
    console.print(f"{explanation['decision']} {explanation['status']}{code}{route}", style="bold", markup=False)
    if would := explanation.get("would"):
        console.print(f"shadow: would have been {would['decision']} {would['status']} {would['code']}", markup=False)
    table = Table(box=None, pad_edge=False)
    for column in ("step", "outcome", "why", "rule"):
        table.add_column(column, overflow="fold")
    for step in explanation["steps"]:
        table.add_row(*(_plain(step[column]) for column in ("step", "outcome", "why", "rule")))
    console.print(table)


def _plain(text: str) -> Any:
    from rich.text import Text  # noqa: PLC0415  # see above

    return Text(text)
