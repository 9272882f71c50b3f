"""`gateline run`: everything on this machine, for a first look and for trying a policy."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path

import click

from gateline.cli.policy import config_option, failed, faults_shown, open_policy
from gateline.demo.announce import announcement
from gateline.demo.parts import PartError, Parts
from gateline.pipeline.build import build

LOOK_S = 0.1


@click.command("run")
@config_option
@click.option(
    "--port", type=click.IntRange(1, 65_534), default=10_000, show_default=True, help="Envoy's; admin is the next."
)
def command(config: Path, port: int) -> None:
    """Run a real Envoy, a real Valkey, the sidecar and demo backends, until Ctrl-C.

    A change of the policy's rules takes effect at once; after a change of routes or upstreams, start again.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    folder = Path(tempfile.mkdtemp(prefix="gateline-"))
    parts = Parts(folder, stop.is_set)
    try:
        with faults_shown():
            _run(config, port, folder, parts, stop)
    except PartError as error:
        raise failed(str(error), code=1) from error
    finally:
        parts.end()
        shutil.rmtree(folder, ignore_errors=True)


def _run(config: Path, port: int, folder: Path, parts: Parts, stop: threading.Event) -> None:
    from gateline.demo.stage import Stage  # noqa: PLC0415  # the xDS types take a second: after the handlers

    loaded = open_policy(config).read()
    build(loaded)
    if Stage(loaded, port, folder, parts).set_up():
        # One write: whoever waits for the first line has the others too.
        sys.stdout.write(announcement(config, port))
        sys.stdout.flush()
    while not stop.wait(LOOK_S):
        parts.check()
