"""What `make bench` computes from what it reads."""

import os
import subprocess
import sys

import pytest

from bench.gateway.callouts import dropped_in
from bench.gateway.load import LoadError, outcome_of
from bench.gateway.measure import Measured, Sample, median_of, new_tokens_wanted
from bench.gateway.processes import _clock_s, cpu_s, rss_bytes, tree
from bench.gateway.rows import ROWS, chosen
from bench.gateway.targets import TARGETS, Target, judge
from bench.instructions import total_in
from bench.soak import bound_of, growth_of

WRK = """Running 1s test @ http://127.0.0.1:10000/
  1 threads and 32 connections
Requests/sec:  14000.00
JSON {"calls": 14000, "duration_us": 1000000, "refused": 3, "broken": 1, "p50_us": 900, "p99_us": 4000, "fresh_used": 7}
"""


def test_what_wrk_said_is_read_from_its_last_line() -> None:
    outcome = outcome_of(WRK)
    assert (outcome.calls, outcome.seconds, outcome.refused, outcome.broken) == (14000, 1.0, 3, 1)
    assert (outcome.p50_us, outcome.p99_us, outcome.fresh_used) == (900, 4000, 7)


def test_a_generator_that_says_nothing_is_an_error_and_no_figure() -> None:
    with pytest.raises(LoadError, match="nothing of use"):
        outcome_of("unable to connect")


def test_the_middle_round_counts_and_rounds_without_a_figure_do_not() -> None:
    assert median_of([3.0, None, 1.0, 2.0]) == 2.0
    assert median_of([None, None]) is None


def test_the_spread_is_a_share_of_the_median() -> None:
    measured = Measured(None, [Sample(rps, None, None, None, 0, 0) for rps in (90.0, 100.0, 130.0)])  # type: ignore[arg-type]
    assert measured.median("rps") == 100.0
    assert measured.spread("rps") == pytest.approx(0.4)
    assert measured.spread("policy_us") == 0.0


def test_a_ratio_is_the_median_of_the_rounds_and_met_up_to_its_bound() -> None:
    """The second round was a bad one for both, the third for one of them."""
    ours = {"policy_us": [10.0, 20.0, 30.0], "rps": [13.0, 6.5, 13.0]}
    other = {"policy_us": [25.0, 50.0, 25.0], "rps": [10.0, 5.0, 20.0]}
    judged = {each.target.figure: each for each in judge({"lean/ours": ours, "lean/go-allow": other})}
    assert judged["policy_us"].ratio == 0.4
    assert judged["policy_us"].met
    assert judged["rps"].ratio == 1.3


def test_a_target_whose_row_was_not_measured_is_not_judged() -> None:
    assert judge({"lean/ours": {"policy_us": [10.0]}}) == []
    assert judge({"lean/ours": {"policy_us": [None]}, "lean/go-allow": {"policy_us": [3.0]}}) == []


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.says)
def test_targets_name_rows_that_there_are(target: Target) -> None:
    assert {target.row, target.other} <= {row.name for row in ROWS}


def test_rows_are_chosen_by_profile_or_by_name() -> None:
    assert [row.name for row in chosen("lean/ours")] == ["lean/ours"]
    assert {row.name.partition("/")[0] for row in chosen("lean, keys")} == {"lean", "keys"}
    assert chosen("") == list(ROWS)
    with pytest.raises(ValueError, match="no row 'leen'"):
        chosen("leen")


def test_lost_log_lines_are_summed_over_workers() -> None:
    name = "gateline_log_lines_dropped_total"
    assert dropped_in(f'# TYPE {name} counter\n{name}{{worker="0"}} 2\n{name}{{worker="1"}} 3\nother 9\n') == 5


def test_every_round_and_the_warm_up_have_tokens_that_nobody_has_seen() -> None:
    assert new_tokens_wanted(5, 5) == 100 + 1500 * 26


def test_cpu_and_memory_are_those_of_the_whole_tree() -> None:
    spin = (
        "import time; end = time.process_time() + .2\nwhile time.process_time() < end: pass\nprint(flush=True); input()"
    )
    command = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {spin!r}])"
    parent = subprocess.Popen([sys.executable, "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdin is not None
    assert parent.stdout is not None
    try:
        parent.stdout.readline()
        assert len(tree(parent.pid)) == 2
        assert 0.2 <= cpu_s(parent.pid) < 5
        assert rss_bytes(parent.pid) > 8 << 20
    finally:
        parent.communicate(b"\n", timeout=10)


def test_the_clock_of_a_process_is_what_the_kernel_says_of_it() -> None:
    times = os.times()
    assert _clock_s(os.getpid()) == pytest.approx(times.user + times.system, abs=0.05)


def test_memory_that_rises_and_falls_is_flat_and_one_that_goes_on_growing_is_not() -> None:
    mib = 1 << 20
    assert growth_of([mib * size for size in (80, 100, 81, 99, 80, 98, 100, 82)]) == (100 * mib, 0)
    early, grown = growth_of([mib * size for size in range(100, 140)])
    assert grown > bound_of(early)


def test_too_few_samples_are_no_verdict() -> None:
    with pytest.raises(ValueError, match="two samples"):
        growth_of([1])


def test_instructions_are_read_from_the_total_of_a_profile() -> None:
    assert total_in("events: Ir\nsummary: 0\nfn=(1) f\n4 22\n\ntotals: 19759342\n") == 19759342
    assert total_in("events: Ir\n") == 0
