"""Measures rows in turn, round after round, so that what else the machine does meets all of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.gateway.load import Outcome, should_rate_limit, wrk
from bench.gateway.policies import lines_of, targets
from bench.gateway.processes import cpu_s
from bench.gateway.stand import Live, Stand

# Of the reference load: how many known tokens, and how many new ones a second are kept ready.
KNOWN = 100
NEW_PER_S = 1500
WARM_S = 1


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of one row. CPU is in microseconds a call, None where the row has no such process."""

    rps: float
    policy_us: float | None
    envoy_us: float | None
    store_us: float | None
    p50_us: int
    p99_us: int


@dataclass(slots=True)
class Measured:
    """A row's rounds, and what went wrong in them. `lost_lines` are lines of the decision log."""

    live: Live
    samples: list[Sample] = field(default_factory=list)
    calls: int = 0
    refused: int = 0
    broken: int = 0
    lost_lines: int = 0
    faults: list[str] = field(default_factory=list)

    def median(self, figure: str) -> float | None:
        """Of `rps`, `policy_us`, …"""
        return median_of([getattr(sample, figure) for sample in self.samples])

    def spread(self, figure: str) -> float:
        """Largest less smallest, as a share of the median; 0 where there is none."""
        values = [value for sample in self.samples if (value := getattr(sample, figure)) is not None]
        middle = median_of(values)
        return (max(values) - min(values)) / middle if middle else 0.0


def median_of(values: list[float | None]) -> float | None:
    """The median of those that are there."""
    there = [value for value in values if value is not None]
    return statistics.median(there) if there else None


def new_tokens_wanted(rounds: int, seconds: float) -> int:
    """How many tokens the reference rows need: the known ones, a slice for the warm-up, a slice for each round."""
    return KNOWN + round(NEW_PER_S * (WARM_S + rounds * max(1, seconds)))


class Rounds:
    """Runs the rounds of a stand; `told` hears the name of each row as it begins."""

    def __init__(self, stand: Stand, seconds: float, told: Callable[[str], object]) -> None:
        self._stand = stand
        self._seconds = seconds
        self._told = told
        self._bearer = (("authorization", f"Bearer {stand.issuer.token()}"),)

    def run(self, rounds: int) -> list[Measured]:
        """Every other round goes backwards, so that no row always follows the same one."""
        rows = [Measured(live) for live in self._stand.rows]
        for measured in rows:
            self._told(f"warm-up: {measured.live.row.name}")
            self.load(measured.live, WARM_S, KNOWN)
        for number in range(rounds):
            for measured in rows if number % 2 == 0 else reversed(rows):
                self._told(f"round {number + 1} of {rounds}: {measured.live.row.name}")
                self._round(measured, number)
        for measured in rows:
            self._close(measured)
        return rows

    def _round(self, measured: Measured, number: int) -> None:
        live, stand = measured.live, self._stand
        policy = live.running.process.pid if live.running else None
        behind_envoy = live.row.sends != "limit"
        pids = (policy, stand.envoy.process.pid if behind_envoy else None, stand.store.pid)
        before = [pid and cpu_s(pid) for pid in pids]
        per_round = round(NEW_PER_S * max(1, self._seconds))
        outcome = self.load(live, self._seconds, KNOWN + NEW_PER_S * WARM_S + number * per_round)
        after = [pid and cpu_s(pid) for pid in pids]
        used = [
            None if start is None or end is None else (end - start) / outcome.calls * 1e6
            for start, end in zip(before, after, strict=True)
        ]
        rps = outcome.calls / outcome.seconds
        measured.samples.append(Sample(rps, used[0], used[1], used[2], outcome.p50_us, outcome.p99_us))
        measured.calls += outcome.calls
        measured.refused += outcome.refused
        measured.broken += outcome.broken
        if outcome.fresh_used > per_round and live.row.answers != "nobody":
            measured.faults.append(f"more than {NEW_PER_S:,} new tokens a second: some were seen before")

    def load(self, live: Live, seconds: float, first_new: int) -> Outcome:
        """One load of a row; `first_new` is the line of the first token that is new to it."""
        row, issuer = live.row, self._stand.issuer
        url = f"http://127.0.0.1:{live.port}/v1/users"
        if row.sends == "limit":
            assert live.running is not None
            return should_rate_limit([f"127.0.0.1:{port}" for port in live.running.ports], seconds)
        if row.sends == "traced":
            count = round(NEW_PER_S * max(1, seconds))
            tokens = issuer.file_of("reference", first_new + count)
            varying = (f"fresh={tokens}", f"known={KNOWN}", f"from={first_new}", f"count={count}", "trace=1")
            return wrk(url, seconds, (), varying)
        if row.sends == "paths":
            paths = live.folder / "paths.txt"
            paths.write_text("".join(f"{target}\n" for target in targets(row.count)))
            return wrk(url, seconds, self._bearer, (f"paths={paths}",))
        if row.sends == "keys":
            return wrk(url, seconds, (), (f"lines={lines_of(live.folder, row.count)}",))
        return wrk(url, seconds, self._bearer)

    def _close(self, measured: Measured) -> None:
        live = measured.live
        if live.running is not None:
            measured.lost_lines = live.running.lines_dropped()
            if live.row.sends != "limit" and (errors := self._stand.envoy.errors(live.port)):
                measured.faults.append(f"{errors} calls to the callout failed")
        if measured.refused:
            measured.faults.append(f"{measured.refused} answers were refused")
        if measured.broken:
            measured.faults.append(f"{measured.broken} calls had no proper answer")
