"""A pytest plugin that prints which rows of the case tables hold where: `pytest tests/test_cases.py -p` this module."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.cases_support.table import Entry, entries

COLUMNS = ("core", "Envoy", "Kong ProtoBuf", "Kong MsgPack")
_NODE = re.compile(r"test_cases\.py::test_(core|envoy|kong)\[(?:(protobuf|msgpack)-)?(.*)\]$", re.DOTALL)
_COLUMN = {"core": "core", "envoy": "Envoy", "protobuf": "Kong ProtoBuf", "msgpack": "Kong MsgPack"}
_RESULTS: dict[str, dict[str, bool]] = defaultdict(dict)


def pytest_runtest_logreport(report: Any) -> None:
    """Note what became of a row in a column."""
    found = _NODE.search(report.nodeid)
    if found is not None and (report.when == "call" or report.failed):
        column = _COLUMN[found[2] or found[1]]
        _RESULTS[found[3]][column] = report.passed and _RESULTS[found[3]].get(column, True)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the matrix: a line for each file, and one for each row that holds on some proxies only."""
    write = terminalreporter.write_line
    rows = entries()
    width = max(len(row.file) for row in rows)
    write("")
    write("  ".join(["rows that hold".ljust(width), *(column.rjust(13) for column in COLUMNS)]))
    for line in lines(rows, width):
        write(line)


def lines(rows: list[Entry], width: int) -> Iterator[str]:
    """The matrix, its sum, and the reasons."""
    files: dict[str, list[Entry]] = defaultdict(list)
    for row in rows:
        files[row.file].append(row)
    for file, found in files.items():
        yield "  ".join([file.ljust(width), *(_cell(found, column) for column in COLUMNS)])
    yield "  ".join(["all".ljust(width), *(_cell(rows, column) for column in COLUMNS)])
    core_only = sum(row.case.only is None and not row.case.runs_on("envoy") for row in rows)
    yield f"{core_only} rows need a clock or scripted replies and run in the core alone."
    for row in rows:
        if row.case.only is not None:
            yield f"  {row.id}: {', '.join(row.case.only.proxies)} only; {row.case.only.reason}"


def _cell(rows: list[Entry], column: str) -> str:
    results = [_RESULTS[row.id][column] for row in rows if column in _RESULTS.get(row.id, {})]
    text = f"{sum(results)}/{len(results)}" if results else "none"
    return (text if all(results) else f"{text} !").rjust(13)
