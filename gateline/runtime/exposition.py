"""Samples as Prometheus reads them (text exposition format 0.0.4), and as plain JSON between our processes."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from gateline.runtime.metrics import Samples

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


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


def family_of(name: str) -> str:
    """The family of a sample: a histogram's samples bear suffixes."""
    for suffix in ("_bucket", "_sum", "_count"):
        if name.endswith(suffix) and (family := name.removesuffix(suffix)) in FAMILIES:
            return family
    return name


def counters_of(samples: Samples) -> Samples:
    """Without gauges: what outlives the process that counted it."""
    return {key: value for key, value in samples.items() if FAMILIES[family_of(key[0])].kind != "gauge"}


def render(samples: Samples) -> str:
    """The exposition: families in the order of `FAMILIES`, each with its help and type."""
    lines: dict[str, list[str]] = {name: [] for name in FAMILIES}
    for (name, labels), value in samples.items():
        inner = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
        lines[family_of(name)].append(f"{name}{{{inner}}} {_number(value)}" if inner else f"{name} {_number(value)}")
    text = []
    for name, family in FAMILIES.items():
        if lines[name]:
            text += [f"# HELP {name} {family.help}", f"# TYPE {name} {family.kind}", *lines[name]]
    return "\n".join((*text, ""))


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.9g}"


def to_json(samples: Samples) -> list[Any]:
    """Samples as lists, for JSON."""
    return [[name, labels, value] for (name, labels), value in samples.items()]


def from_json(rows: list[Any]) -> Samples:
    """What `to_json` was given."""
    return {(name, tuple((str(label), str(text)) for label, text in labels)): value for name, labels, value in rows}
