"""The rows: who decides, what is sent, and what must be answered before anything is measured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

from bench.gateway import policies
from bench.gateway.callouts import Aio, Callout, Gateline, Go

Kind = Literal["token", "traced", "paths", "keys", "limit"]
Answers = Literal["anyone", "token", "key", "nobody", "limit"]


@dataclass(frozen=True, slots=True)
class Row:
    """`sends` names the load, `answers` what the callout is seen to do first; `count` is of routes or keys.

    `narrow`: Envoy hands on the headers that the policy needs and no others, as our compiler has it.
    """

    name: str
    says: str
    callout: Callout | None
    sends: Kind
    answers: Answers
    count: int = 1
    narrow: bool = False


_LEAN = partial(Gateline, policies.lean)
_REFERENCE = partial(Gateline, policies.reference, stored=True)
_LIMITS = partial(Gateline, policies.limits, stored=True)


def _routes(count: int) -> Row:
    callout = Gateline(partial(policies.routes, count))
    return Row(f"routes/{count}", f"ours, {count:,} routes", callout, "paths", "token", count)


def _keys(count: int) -> Row:
    callout = Gateline(partial(policies.keys, count))
    return Row(f"keys/{count}", f"ours, {count:,} API keys", callout, "keys", "key", count)


# Rows that are compared stand together: they are measured one after the other.
ROWS = (
    Row("lean/no-filter", "no filter", None, "token", "nobody"),
    Row("lean/ours", "ours", _LEAN(), "token", "token"),
    Row("lean/go-allow", "Go, always allow", Go(verifies=False), "token", "anyone"),
    Row("lean/go-rs256", "Go, RS256 and scope, each token verified", Go(verifies=True), "token", "token"),
    Row("lean/grpcio-aio", "grpcio.aio, always allow", Aio(), "token", "anyone"),
    Row("lean/ours-compiled", "ours, asked as our compiler has it", _LEAN(), "token", "token", narrow=True),
    Row("lean/ours-grpcio", "ours on grpcio", _LEAN(transport="grpcio"), "token", "token"),
    Row("reference/no-filter", "no filter", None, "traced", "nobody"),
    Row("reference/ours", "ours: log, limit", _REFERENCE(), "traced", "token"),
    Row("reference/go-rs256", "Go, RS256 and scope; no log, no limit", Go(verifies=True), "traced", "token"),
    Row("reference/ours-grpcio", "ours on grpcio: log, limit", _REFERENCE(transport="grpcio"), "traced", "token"),
    Row("limits/ours", "ShouldRateLimit, direct", _LIMITS(), "limit", "limit"),
    Row("limits/ours-grpcio", "ShouldRateLimit, direct, on grpcio", _LIMITS(transport="grpcio"), "limit", "limit"),
    Row("workers/lean-2", "ours, 2 workers", _LEAN(workers=2), "token", "token"),
    Row("workers/reference-2", "ours, 2 workers: log, limit", _REFERENCE(workers=2), "traced", "token"),
    Row("workers/limits-2", "ShouldRateLimit, direct, 2 workers", _LIMITS(workers=2), "limit", "limit"),
    _routes(10),
    _routes(1000),
    _routes(10_000),
    _keys(1),
    _keys(100_000),
)


def chosen(wanted: str) -> list[Row]:
    """The rows of these names or profiles, joined by commas; all for none. `ValueError` where one fits nothing."""
    names = [each.strip() for each in wanted.split(",") if each.strip()]
    for name in names:
        if not any(_fits(row, name) for row in ROWS):
            raise ValueError(f"there is no row {name!r}, but {', '.join(row.name for row in ROWS)}")
    return [row for row in ROWS if not names or any(_fits(row, name) for name in names)]


def _fits(row: Row, wanted: str) -> bool:
    """A profile's name takes all of its rows, a whole name that row alone."""
    return wanted in (row.name, row.name.partition("/")[0])
