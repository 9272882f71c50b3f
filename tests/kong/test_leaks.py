"""Nothing is left of an event: memory, descriptors, threads and connections are the same after thousands of each fault.

The default run takes 2,000 events of each fault that ends at once, 20 of each that hangs. The long one, for a release:
`GATELINE_KONG_EVENTS=100000 pytest tests/kong/test_leaks.py` (200 of those that hang, about 20 minutes).
"""

import os
import threading
import time
from pathlib import Path

import pytest

from kong_plugins.runtime.steps import MOST_WAITING
from tests.kong.driver.instances import RunningInstances
from tests.kong.driver.kong import KongSide
from tests.kong.driver.request import SimRequest
from tests.kong.running import Running, ours

EVENTS = int(os.environ.get("GATELINE_KONG_EVENTS", "2000"))
HANGS = max(20, EVENTS // 500)
LANES = 4
SLACK_KIB = 12 * 1024  # what an allocator may keep of a burst
SLACK_OBJECTS = 100
# Over MsgPack:1 Kong forgets an event whose call fails in its Lua, so ours waits for its deadline: `MOST_WAITING` of
# them at most. So many events fill that room; beyond, memory must not grow with their number.
FILLING = 4 * MOST_WAITING
FAULTS = ("raises", "raises_after", "bad_argument", "unknown_method", "pdk_error", "exit_then_call", "key")
HANGING = ("hangs", "hangs_after", "spins", "blocks")


def run_many(server: Running, workers: RunningInstances, protocol: str, mode: str, events: int) -> set[int]:
    """The statuses that clients got; `workers` keeps Kong from starting an instance for each lane."""
    statuses: set[int] = set()

    def lane() -> None:
        kong = KongSide(str(server.path), protocol, read_timeout_s=10)
        kong.running = workers
        sim = SimRequest(headers=[(b"x-api-key", b"secret")])
        for _ in range(events // LANES):
            view = kong.request(sim, {"mode": mode}, "faulty")
            statuses.add(view.status)
        kong.close()

    threads = [threading.Thread(target=lane) for _ in range(LANES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def state(server: Running, protocol: str) -> tuple[int, int, int]:
    """Descriptors, threads, and Python objects after a collection; once connections and forgotten events have gone."""
    time.sleep(2.2 if protocol == "msgpack" else 0.2)
    kong = KongSide(str(server.path), protocol, read_timeout_s=10)
    kong.request(SimRequest(), {"mode": "collects"}, "faulty")  # longer than a deadline of 20 ms, may be
    time.sleep(0.2)
    found: list[bytes] = []
    while not found:
        found = kong.request(SimRequest(), {"mode": "objects"}, "faulty").header("x-objects")
    kong.close()
    time.sleep(0.1)
    return server.descriptors(), server.threads(), int(found[0])


@pytest.mark.parametrize("protocol", ["protobuf", "msgpack"])
def test_faults_that_end_at_once_leave_nothing(protocol: str, tmp_path: Path, faulty: Path) -> None:
    """Each fault in turn on one server, its memory looked at between."""
    with ours(tmp_path, faulty, protocol, "--deadline", "2") as server:
        workers = RunningInstances()
        for mode in FAULTS:
            run_many(server, workers, protocol, mode, min(EVENTS, FILLING) if mode == "pdk_error" else 400)
        memory, before = server.memory_kib(), state(server, protocol)
        for mode in FAULTS:
            wanted = {"exit_then_call": {403}, "key": {200}}.get(mode, {500})
            assert run_many(server, workers, protocol, mode, EVENTS) == wanted, (mode, server.text()[-2000:])
        nothing_is_left(before, state(server, protocol))
        assert server.memory_kib() - memory < SLACK_KIB


@pytest.mark.parametrize("protocol", ["protobuf", "msgpack"])
def test_faults_that_hang_leave_nothing(protocol: str, tmp_path: Path, faulty: Path) -> None:
    """With a deadline of 20 ms."""
    with ours(tmp_path, faulty, protocol, "--deadline", "0.02") as server:
        workers = RunningInstances()
        for mode in HANGING:
            run_many(server, workers, protocol, mode, 4)
        before = state(server, protocol)
        for mode in HANGING:
            assert run_many(server, workers, protocol, mode, HANGS) == {500}, mode
        nothing_is_left(before, state(server, protocol))


def nothing_is_left(before: tuple[int, int, int], after: tuple[int, int, int]) -> None:
    assert after[:2] == before[:2]
    assert after[2] - before[2] < SLACK_OBJECTS
