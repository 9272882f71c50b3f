"""The command: `python -m bench.gateway [--rows lean,reference/ours] [--seconds 5] [--rounds 5]`."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from rich.console import Console

from bench.gateway import report, targets
from bench.gateway.answers import WrongAnswerError
from bench.gateway.interpreter import interpreter
from bench.gateway.load import CONNECTIONS, LoadError, find_wrk
from bench.gateway.measure import Rounds, new_tokens_wanted
from bench.gateway.processes import StartError
from bench.gateway.rows import ROWS, Row, chosen
from bench.gateway.stand import Stand
from bench.gateway.tokens import Issuer

BUILD = Path(__file__).resolve().parents[2] / ".build" / "bench"
NAMES = "\n".join(f"  {row.name:24}{row.says}" for row in ROWS)


def main() -> int:
    """0 when every row answered as it must, whatever the targets say; 1 when one did not; 2 when nothing could run."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.gateway",
        description="Callouts side by side behind one real Envoy.",
        epilog=f"rows:\n{NAMES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rows", default="", help="names or profiles, joined by commas; all without it")
    parser.add_argument("--seconds", type=float, default=5.0, help="of load a row and round (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(%(default)s)")
    parser.add_argument("--python", choices=("distribution", "here"), default="distribution", help="(%(default)s)")
    parser.add_argument("--json", type=Path, default=BUILD / "result.json", help="(%(default)s)")
    parser.add_argument("--build", type=Path, default=BUILD, help="folder of keys, tokens, logs (%(default)s)")
    options = parser.parse_args()
    try:
        rows = chosen(options.rows)
    except ValueError as error:
        parser.error(str(error))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console(width=None if sys.stdout.isatty() else 150)
    try:
        find_wrk()
        return _run(rows, options, console)
    except (StartError, LoadError) as error:
        console.print(f"can't run: {error}", style="red", markup=False)
        return 2
    except WrongAnswerError as error:
        console.print(f"failed: {error}", style="red", markup=False)
        return 1


def _run(rows: list[Row], options: argparse.Namespace, console: Console) -> int:
    with console.status("tokens") as status:
        issuer = Issuer(options.build / "issuer")
        if any(row.sends == "traced" for row in rows):
            issuer.file_of("reference", new_tokens_wanted(options.rounds, options.seconds))
        status.update("a Python with Gateline")
        python = interpreter(options.python, options.build)
        status.update("starting")
        machine = {**report.machine(), "python": python.told()}
        stand = Stand(rows, options.build / "run", issuer, python.path)
        try:
            measured = Rounds(stand, options.seconds, status.update).run(options.rounds)
            envoy = stand.envoy.version()
        finally:
            stand.close()
    judged = targets.judge(report.by_round(measured))
    report.show(console, measured, stand.skipped, judged)
    console.print(f"callouts in Python: CPython {python.version} of {python.of}", highlight=False)
    report.write(
        options.json, measured, stand.skipped, judged,
        machine=machine, envoy=envoy, seconds=options.seconds, rounds=options.rounds, connections=CONNECTIONS,
    )  # fmt: skip
    console.print(f"written: {options.json}", highlight=False)
    return 1 if any(row.faults for row in measured) else 0


if __name__ == "__main__":
    sys.exit(main())
