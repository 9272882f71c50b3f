"""`gateline serve` with a real store: readiness follows it, and decisions go on by each limit's `on_failure`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateline.demo.probe import pongs
from gateline.demo.servers import valkey_command
from tests.cli.demo import wait_until

ROUTES = [
    {"id": name, "path": f"/{name}", "auth_required": False, "rate_limit": {"burst": 2, "on_failure": name}}
    for name in ("deny", "allow", "local")
]


class Valkey:
    """A real one that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "valkey.sock"
        command = valkey_command(self.path, folder)
        if command is None:
            pytest.skip("there is no Valkey for this machine")
        self._command = command
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        wait_until(lambda: pongs(self.path))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    server = Valkey(tmp_path)
    yield server
    server.kill()


def test_readiness_follows_the_store_and_decisions_go_on(serve, valkey: Valkey):
    sidecar = serve({"routes": ROUTES}, "--store", f"unix://{valkey.path}").wait_ready()
    assert sidecar.status("/deny") == 200
    valkey.kill()
    wait_until(lambda: sidecar.admin_get("/readyz")[0] == 503)
    assert list(sidecar.readyz()["not_ready"]) == ["store"]
    assert sidecar.metric("gateline_ready_processes") == 0
    assert [sidecar.status(f"/{name}") for name in ("deny", "allow", "local")] == [503, 200, 200]
    valkey.start()
    sidecar.wait_ready()
    wait_until(lambda: sidecar.status("/deny") == 200)


def test_workers_share_their_counts_by_the_store(serve, valkey: Valkey):
    environ = {"GATELINE_STORE": f"unix://{valkey.path}"}
    sidecar = serve({"routes": ROUTES}, "--workers", "2", environ=environ).wait_ready()
    assert sorted(sidecar.status("/deny", worker=worker) for worker in (0, 1, 0)) == [200, 200, 429]


def test_what_went_to_the_store_and_what_did_not_is_counted(serve, valkey: Valkey):
    slow = {"id": "slow", "path": "/slow", "auth_required": False, "rate_limit": {"burst": 2, "requests_per_minute": 1}}
    sidecar = serve({"routes": [slow]}, "--store", f"unix://{valkey.path}").wait_ready()
    assert [sidecar.status("/slow") for _ in range(5)] == [200, 200, 429, 429, 429]
    # That the bucket is empty is known to the store alone at first, and then to the process, too.
    assert sidecar.metric("gateline_store_pipelines_total") == 3
    assert sidecar.metric("gateline_limits_refused_unasked_total") == 2


def test_a_store_that_is_away_at_the_start_is_waited_for(serve, tmp_path: Path):
    sidecar = serve({"routes": ROUTES}, "--store", f"unix://{tmp_path}/nobody.sock")
    wait_until(lambda: "store" in sidecar.readyz().get("not_ready", {}))
    assert sidecar.status("/deny") == 503


@pytest.mark.parametrize("url", ["nonsense", "http://127.0.0.1:6379", "redis://h:port"])
def test_an_address_that_is_no_store_is_an_error(serve, url: str):
    sidecar = serve({}, "--store", url)
    assert sidecar.process.wait(30) == 2
    assert "Traceback" not in sidecar.err
    assert "error: " in sidecar.err
