"""Counts of decisions. The loop's thread alone writes, without a lock; other threads read a copy."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from gateline.runtime.outcome import ALLOWED, Outcome
from gateline.values.found_route import FoundRoute

# Seconds. From a decision without I/O to one that used up its budget.
BOUNDS_S = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)

_FIRST_S = BOUNDS_S[0]

MAX_DOMAINS = 1000

# Name and labels, as `sample` writes them, to a number. It travels between processes as JSON and sums by key; of text
# and numbers alone the garbage collector takes no notice, however many there are.
Samples = dict[str, float]


class _Tally:
    """How many requests of a route were allowed; it hangs at the route, which spares a look into a table of all."""

    __slots__ = ("allowed", "of")

    def __init__(self, of: Metrics) -> None:
        self.allowed = 0
        self.of = of


class Metrics:
    """The counters of one process."""

    __slots__ = ("_buckets", "_decisions", "_domains", "_fallbacks", "_seconds", "_tallies", "_would")

    def __init__(self) -> None:
        # By the route's id: the same route of another policy goes on counting.
        self._tallies: dict[str, _Tally] = {}
        self._decisions: dict[tuple[str, Outcome], int] = {}
        self._would: dict[tuple[str, Outcome], int] = {}
        self._domains: dict[tuple[str, str], int] = {}
        self._fallbacks: dict[tuple[str, str], int] = {}
        self._buckets = [0] * (len(BOUNDS_S) + 1)
        self._seconds = 0.0

    def count(self, route: FoundRoute, outcome: Outcome, would: Outcome | None, took_s: float) -> None:
        """Count one decision."""
        if outcome is ALLOWED:  # by far the most
            tally = route.tally
            if tally is None or tally.of is not self:
                tally = route.tally = self._tallies.setdefault(route.id, _Tally(self))
            tally.allowed += 1
        else:
            key = (route.id, outcome)
            self._decisions[key] = self._decisions.get(key, 0) + 1
        if would is not None:
            key = (route.id, would)
            self._would[key] = self._would.get(key, 0) + 1
        self._buckets[0 if took_s <= _FIRST_S else bisect_left(BOUNDS_S, took_s)] += 1
        self._seconds += took_s

    def count_domain(self, domain: str, outcome: str) -> None:
        """Count one answer of ShouldRateLimit. A peer may name any domain: those beyond a bound count as one."""
        key = (domain, outcome)
        if key not in self._domains and len(self._domains) >= MAX_DOMAINS:
            key = ("", outcome)
        self._domains[key] = self._domains.get(key, 0) + 1

    def count_fallback(self, route: str, on_failure: str) -> None:
        """Count a limit that was let pass (`allow`) or judged by this process alone (`local`) without the store."""
        key = (route, on_failure)
        self._fallbacks[key] = self._fallbacks.get(key, 0) + 1

    def samples(self) -> Samples:
        """The counters as they are now; from any thread (a dict's copy is one step of the interpreter)."""
        samples: Samples = {}
        decisions = "gateline_decisions_total"
        for route, tally in self._tallies.copy().items():
            samples[sample(decisions, route=route, decision=ALLOWED.decision, code=ALLOWED.code)] = tally.allowed
        for name, counts in ((decisions, self._decisions), ("gateline_shadow_decisions_total", self._would)):
            for (route, outcome), count in counts.copy().items():
                key = sample(name, route=route, decision=outcome.decision, code=outcome.code)
                samples[key] = samples.get(key, 0) + count
        for (route, on_failure), count in self._fallbacks.copy().items():
            samples[sample("gateline_limit_fallbacks_total", route=route, on_failure=on_failure)] = count
        for (domain, told), count in self._domains.copy().items():
            samples[sample("gateline_rate_limit_calls_total", domain=domain, outcome=told)] = count
        total = 0
        for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), list(self._buckets), strict=True):
            total += count
            samples[sample("gateline_decision_seconds_bucket", le=bound)] = total
        samples["gateline_decision_seconds_sum"] = self._seconds
        samples["gateline_decision_seconds_count"] = total
        return samples


def sample(name: str, **labels: str) -> str:
    """The key of a sample, as the exposition format has it: `name{label="text"}`."""
    inner = ",".join([f'{label}="{_escaped(text)}"' for label, text in labels.items()])
    return f"{name}{{{inner}}}" if inner else name


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def summed(parts: Iterable[Samples]) -> Samples:
    """The samples of several processes as those of one."""
    total: Samples = {}
    for samples in parts:
        for key, value in samples.items():
            total[key] = total.get(key, 0) + value
    return total
