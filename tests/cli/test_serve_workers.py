"""`gateline serve --workers N`: addresses, sums, restarts, reload for all, and an end that is whole."""

from __future__ import annotations

import signal
import subprocess

import pytest

from tests.cli.demo import alive, descendants, wait_until
from tests.cli.sidecar import write_policy


@pytest.fixture
def pair(serve):
    """Two workers."""
    return serve({}, "--workers", "2").wait_ready()


def test_worker_i_listens_on_port_plus_i_and_counts_are_summed(pair):
    for worker in (0, 0, 1):
        assert pair.status("/open", worker=worker) == 200
    assert pair.metric('gateline_decisions_total{route="open",decision="allow",code=""}') == 3
    assert pair.metric("gateline_ready_processes") == 2
    assert len(pair.wait_log(3)) == 3


def test_a_dead_worker_is_started_again_and_its_counts_stay(pair):
    pair.check("/open", worker=1)
    counted = 'gateline_decisions_total{route="open",decision="allow",code=""}'
    assert pair.metric(counted) == 1
    victim = next(pid for pid, command in descendants(pair.process.pid).items() if f":{pair.port + 1} " in command)
    subprocess.run(["kill", "-KILL", str(victim)], check=True)
    wait_until(lambda: pair.metric("gateline_worker_restarts_total") == 1)
    pair.wait_ready()
    assert pair.status("/open", worker=1) == 200
    assert pair.metric(counted) == 2
    assert "worker 1 was killed by SIGKILL" in pair.err


def test_a_change_reaches_all_and_a_bad_one_none(tmp_path, pair):
    first = pair.readyz()["revision"]
    write_policy(tmp_path, unmatched="allow")
    wait_until(lambda: pair.readyz()["revision"] != first)
    second = pair.readyz()["revision"]
    assert [worker["revision"] for worker in pair.readyz()["workers"]] == [second, second]
    assert [pair.status("/elsewhere", worker=worker) for worker in (0, 1)] == [200, 200]
    write_policy(tmp_path, unmatched="alow")
    wait_until(lambda: "refused_policy" in pair.readyz())
    assert [worker["revision"] for worker in pair.readyz()["workers"]] == [second, second]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_its_supervisor(pair, number: int):
    workers = descendants(pair.process.pid)
    assert len(workers) == 2
    pair.end(number)
    wait_until(lambda: not any(map(alive, workers)))


def test_workers_that_cannot_listen_are_an_error_and_not_a_loop(serve):
    first = serve().wait_ready()
    second = serve({}, "--workers", "2", "--listen", f"127.0.0.1:{first.port - 1}")
    assert second.process.wait(30) == 2
    assert "can't start" in second.err
    assert "Traceback" not in second.err
