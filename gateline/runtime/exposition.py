"""Samples as Prometheus reads them (text exposition format 0.0.4), and as JSON between our processes.

Both are made in pieces and use up the samples: of ten thousand routes a page as a whole, or the samples' end, would
keep the interpreter from the loop for many milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final, NamedTuple

from gateline.runtime.metrics import Samples

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Samples to a piece.
BATCH = 250


class Family(NamedTuple):
    """What a metric is. Every gauge of ours counts processes, so that gauges sum like counters."""

    kind: str
    help: str


FAMILIES: Final[dict[str, Family]] = {
    "gateline_decisions_total": Family("counter", "Decisions by route, kind and code."),
    "gateline_shadow_decisions_total": Family("counter", "What shadowed routes and rules would have refused."),
    "gateline_rate_limit_calls_total": Family("counter", "Answers of ShouldRateLimit by domain."),
    "gateline_limit_fallbacks_total": Family("counter", "Limits that went by their on_failure, without the store."),
    "gateline_limits_refused_unasked_total": Family(
        "counter", "Charges refused from memory, without a call to the store."
    ),
    "gateline_store_pipelines_total": Family("counter", "Batches of commands that went to the store, one write each."),
    "gateline_decision_seconds": Family("histogram", "From the request's arrival in this process to its decision."),
    "gateline_log_lines_dropped_total": Family("counter", "Decision log lines that nobody read in time."),
    "gateline_reloads_total": Family("counter", "Changes of the policy, taken or refused."),
    "gateline_worker_restarts_total": Family("counter", "Workers that died and were started again."),
    "gateline_policy_processes": Family("gauge", "Processes by the policy revision in force."),
    "gateline_ready_processes": Family("gauge", "Processes that are ready."),
}


def family_of(key: str) -> str:
    """The family of a sample: a histogram's samples bear suffixes."""
    name = key.partition("{")[0]
    for suffix in ("_bucket", "_sum", "_count"):
        if name.endswith(suffix) and (family := name.removesuffix(suffix)) in FAMILIES:
            return family
    return name


def counters_of(samples: Samples) -> Samples:
    """Without gauges: what outlives the process that counted it."""
    return {key: value for key, value in samples.items() if FAMILIES[family_of(key)].kind != "gauge"}


def render(samples: Samples) -> list[bytes]:
    """The exposition in pieces: families in the order of `FAMILIES`, each with its help and type."""
    texts: dict[str, list[bytes]] = {name: [] for name in FAMILIES}
    for batch in _batches(samples):
        lines: dict[str, list[str]] = {}
        for key, value in batch.items():
            lines.setdefault(family_of(key), []).append(f"{key} {_number(value)}\n")
        for family, found in lines.items():
            texts[family].append("".join(found).encode())
    pieces: list[bytes] = []
    for name, (kind, told) in FAMILIES.items():
        if texts[name]:
            pieces += (f"# HELP {name} {told}\n# TYPE {name} {kind}\n".encode(), *texts[name])
    return pieces


def to_json(samples: Samples) -> Iterator[str]:
    """Samples as the text of a JSON object, in pieces."""
    before = "{"
    for batch in _batches(samples):
        yield before + json.dumps(batch)[1:-1]
        before = ","
    yield "}" if before == "," else "{}"


def _batches(samples: Samples) -> Iterator[Samples]:
    """The samples in their order, some at a time; none is left in the end."""
    keys = list(samples)
    keys.reverse()
    while keys:
        yield {key: samples.pop(key) for key in reversed(keys[-BATCH:])}
        del keys[-BATCH:]


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.9g}"
