"""Shows a run: a table on the screen, all of it as JSON in a file."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.gateway.measure import Measured
from bench.gateway.targets import Judged

FIGURES = ("rps", "policy_us", "envoy_us", "store_us", "p50_us", "p99_us")


def by_round(rows: Sequence[Measured]) -> dict[str, dict[str, list[float | None]]]:
    """Each row's figures by its name, round by round."""
    return {
        row.live.row.name: {figure: [getattr(sample, figure) for sample in row.samples] for figure in FIGURES}
        for row in rows
    }


def medians(rows: Sequence[Measured]) -> dict[str, dict[str, float | None]]:
    """Each row's medians by its name."""
    return {row.live.row.name: {figure: row.median(figure) for figure in FIGURES} for row in rows}


def show(console: Console, rows: Sequence[Measured], skipped: dict[str, str], judged: Sequence[Judged]) -> None:
    """Print it all."""
    table = Table(
        title="Medians; CPU is user and system time of all processes of a kind, µs a call", title_justify="left"
    )
    table.add_column("row", no_wrap=True)
    table.add_column("who decides")
    for name in ("rps", "± %", "policy", "Envoy", "Valkey", "p50 ms", "p99 ms", "refused"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row), style="red" if row.faults else None)
    console.print(table)
    for row in rows:
        for fault in row.faults:
            console.print(f"[red]failed[/] {row.live.row.name}: {fault}")
        if row.lost_lines:
            console.print(f"{row.live.row.name}: {row.lost_lines:,} lines of the decision log were dropped")
    for name, why in skipped.items():
        console.print(f"skipped {name}: {why}")
    for each in judged:
        verdict = "[green]met   [/]" if each.met else "[yellow]missed[/]"
        target = each.target
        console.print(
            f"{verdict} {target.says}: [b]{each.ratio:.2f}[/] (target {target.sense} {target.bound})", highlight=False
        )


def _cells(row: Measured) -> list[str]:
    figures = {figure: row.median(figure) for figure in FIGURES}
    # Valkey is idle but for its own housekeeping where no limit is charged.
    charged = row.live.row.sends == "limit" or row.live.row.name.startswith(("reference/ours", "workers/reference"))
    return [
        row.live.row.name,
        row.live.row.says,
        _number(figures["rps"], 0),
        f"{row.spread('rps') * 50:.0f}",
        _number(figures["policy_us"], 1),
        _number(figures["envoy_us"], 1),
        _number(figures["store_us"] if charged else None, 1),
        _number(figures["p50_us"], 1, 1000),
        _number(figures["p99_us"], 1, 1000),
        str(row.refused),
    ]


def _number(value: float | None, digits: int, divisor: int = 1) -> str:
    return "-" if value is None else f"{value / divisor:,.{digits}f}"


def write(path: Path, rows: Sequence[Measured], skipped: dict[str, str], judged: Sequence[Judged], **run: Any) -> None:
    """Write every sample, the medians, the ratios, and on what machine."""
    figures = medians(rows)
    document = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        **run,
        "rows": {
            row.live.row.name: {
                "says": row.live.row.says,
                **figures[row.live.row.name],
                "calls": row.calls,
                "refused": row.refused,
                "broken": row.broken,
                "lost_log_lines": row.lost_lines,
                "faults": row.faults,
                "samples": [{figure: getattr(sample, figure) for figure in FIGURES} for sample in row.samples],
            }
            for row in rows
        },
        "skipped": skipped,
        "ratios": [
            {
                "says": j.target.says,
                "measured": j.ratio,
                "sense": j.target.sense,
                "target": j.target.bound,
                "met": j.met,
            }
            for j in judged
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def machine() -> dict[str, Any]:
    """What it ran on."""
    models = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
