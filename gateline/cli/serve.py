"""`gateline serve`: the sidecar, in one process or in several under a supervisor."""

from __future__ import annotations

import logging
import sys
from typing import Any

import click

from gateline.cli.options import DEFAULT_ADMIN, DEFAULT_LISTEN, DEFAULT_TRANSPORT, TRANSPORTS, ServeOptions
from gateline.cli.policy import config_option, failed, faults_shown
from gateline.runtime.addresses import host_and_port
from gateline.values.errors import UnavailableError

# A thread that builds a policy or writes metrics gives way to the loop after this long (Python's own value: 5 ms).
SWITCH_INTERVAL_S = 0.0002
LOG_LEVELS = ("debug", "info", "warning", "error")


def _listen(ctx: click.Context, param: click.Parameter, value: str) -> str:
    return value if value.startswith("unix:") and len(value) > len("unix:") else _host_and_port(ctx, param, value)


def _host_and_port(ctx: click.Context, param: click.Parameter, value: str) -> str:  # noqa: ARG001  # click's signature
    try:
        host_and_port(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return value


@click.command("serve")
@config_option
@click.option("--listen", default=DEFAULT_LISTEN, show_default=True, callback=_listen, help="HOST:PORT or unix:PATH.")
@click.option(
    "--admin",
    default=DEFAULT_ADMIN,
    show_default=True,
    callback=_host_and_port,
    help="HOST:PORT of health and metrics.",
)
@click.option("--store", envvar="GATELINE_STORE", help="URL of a Redis or Valkey; goes before the policy's own.")
@click.option("--transport", type=click.Choice(TRANSPORTS), default=DEFAULT_TRANSPORT, show_default=True)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Worker i listens on PORT+i or PATH.i."
)
@click.option(
    "--drain",
    "drain_s",
    type=click.FloatRange(0, 600),
    default=10.0,
    show_default=True,
    help="Seconds that calls get to end.",
)
@click.option(
    "--log-level",
    type=click.Choice(LOG_LEVELS),
    default="info",
    show_default=True,
    help="Of messages on standard error.",
)
@click.option("--control", type=int, hidden=True)
@click.option("--share", type=int, default=1, hidden=True)
def command(log_level: str, **given: Any) -> None:
    """Serve decisions to Envoy: ext_authz Check and ShouldRateLimit, gRPC health and reflection.

    SIGHUP or a changed file reloads the policy; SIGTERM drains.
    """
    options = ServeOptions(**given)
    logging.basicConfig(
        level=log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        with faults_shown():
            _run(options)
    except (OSError, UnavailableError) as error:
        raise failed(str(error)) from error


def _run(options: ServeOptions) -> None:
    if options.workers > 1:
        from gateline.cli.supervised import run_supervised  # noqa: PLC0415  # one or the other

        run_supervised(options)
    else:
        from gateline.cli.sidecar import run_sidecar  # noqa: PLC0415

        run_sidecar(options)
