"""Counters: what is counted, that sums over processes are sums, and that Prometheus can read it."""

from __future__ import annotations

import json

from gateline.runtime.exposition import BATCH, counters_of, render, to_json
from gateline.runtime.metrics import Metrics, sample, summed
from gateline.runtime.outcome import ALLOWED, Outcome
from gateline.values.found_route import FoundRoute

BOUNDS = ("0.001", "0.0025", "1.0", "+Inf")
DENY = Outcome("deny", 429, "rate_limited")


def counted(*rows: tuple[str, Outcome, Outcome | None, float]) -> Metrics:
    metrics = Metrics()
    for route, *rest in rows:
        metrics.count(FoundRoute(route), *rest)
    return metrics


def test_decisions_are_counted_by_route_kind_and_code():
    samples = counted(("a", ALLOWED, None, 0), ("a", ALLOWED, None, 0), ("a", DENY, None, 0)).samples()
    assert samples['gateline_decisions_total{route="a",decision="allow",code=""}'] == 2
    assert samples['gateline_decisions_total{route="a",decision="deny",code="rate_limited"}'] == 1


def test_a_route_goes_on_counting_under_another_policy_and_for_each_observer_alone():
    one, other, route, replaced = Metrics(), Metrics(), FoundRoute("a"), FoundRoute("a")
    for metrics, found in ((one, route), (one, route), (one, replaced), (other, route), (one, route)):
        metrics.count(found, ALLOWED, None, 0)
    name = sample("gateline_decisions_total", route="a", decision="allow", code="")
    assert (one.samples()[name], other.samples()[name]) == (4, 1)


def test_what_a_shadowed_rule_would_have_refused_is_counted_apart():
    samples = counted(("a", ALLOWED, DENY, 0)).samples()
    assert samples['gateline_shadow_decisions_total{route="a",decision="deny",code="rate_limited"}'] == 1


def test_domains_that_a_peer_makes_up_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr("gateline.runtime.metrics.MAX_DOMAINS", 2)
    metrics = Metrics()
    for domain in ("a", "b", "c", "d", "a"):
        metrics.count_domain(domain, "ok")
    counts = [(key.split('"')[1], count) for key, count in metrics.samples().items() if "domain=" in key]
    assert counts == [("a", 2), ("b", 1), ("", 2)]


def test_buckets_hold_what_took_at_most_their_bound():
    samples = counted(("a", ALLOWED, None, 0.001), ("a", ALLOWED, None, 0.0011), ("a", ALLOWED, None, 9)).samples()
    buckets = {bound: samples[f'gateline_decision_seconds_bucket{{le="{bound}"}}'] for bound in BOUNDS}
    assert buckets == {"0.001": 1, "0.0025": 2, "1.0": 2, "+Inf": 3}
    assert samples["gateline_decision_seconds_count"] == 3


def test_samples_of_processes_sum_and_survive_the_way_between_them():
    one, other = (
        counted(("a", ALLOWED, None, 0.1)).samples(),
        counted(("a", ALLOWED, None, 0.2), ("b", DENY, None, 0)).samples(),
    )
    sent = json.loads("".join(to_json(other.copy())))
    assert sent == other
    total = summed([one, sent])
    assert total['gateline_decisions_total{route="a",decision="allow",code=""}'] == 2
    assert total["gateline_decision_seconds_count"] == 3


def test_many_samples_are_told_in_pieces_and_each_once():
    def samples():
        return counted(*((f"r{n}", outcome, None, 0) for n in range(BATCH) for outcome in (ALLOWED, DENY))).samples()

    pieces = list(to_json(samples()))
    assert len(pieces) > 2
    assert list(json.loads("".join(pieces)).items()) == list(samples().items())
    assert json.loads("".join(to_json({}))) == {}
    used = samples()
    lines = b"".join(render(used)).decode().splitlines()
    assert used == {}
    assert sum(not line.startswith("#") for line in lines) == len(samples())
    assert lines[0].startswith("# HELP gateline_decisions_total")
    assert len(set(lines)) == len(lines)


def test_a_dead_process_leaves_its_counters_and_not_its_gauges():
    samples = {"gateline_ready_processes": 1.0, "gateline_log_lines_dropped_total": 2.0}
    assert counters_of(samples) == {"gateline_log_lines_dropped_total": 2.0}


def test_the_exposition_has_a_type_per_family_and_escapes_labels():
    pieces = render({sample("gateline_decisions_total", route='a"\\\n'): 2.0, "gateline_ready_processes": 1.0})
    assert b"".join(pieces).decode() == (
        "# HELP gateline_decisions_total Decisions by route, kind and code.\n"
        "# TYPE gateline_decisions_total counter\n"
        'gateline_decisions_total{route="a\\"\\\\\\n"} 2\n'
        "# HELP gateline_ready_processes Processes that are ready.\n"
        "# TYPE gateline_ready_processes gauge\n"
        "gateline_ready_processes 1\n"
    )
