"""Envoy without its sidecar: killed, it is 503 at once, and decisions come back by themselves."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from bench.gateway.processes import free_ports
from gateline.compile.envoy import EnvoyOptions, compile_envoy
from gateline.config.load import load
from tests.cli.demo import wait_until
from tests.cli.sidecar import Sidecar
from tests.compile.envoy_process import Envoy


def answer(port: int) -> tuple[int, str, str]:
    """Status, `retry-after` and body of a request without credentials."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/closed", timeout=5) as reply:
            return reply.status, "", reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("retry-after", ""), error.read().decode()


@pytest.fixture
def guarded(serve, tmp_path: Path):
    """A sidecar, an Envoy that asks it, and Envoy's port."""
    upstream = {"id": "nobody", "servers": ["127.0.0.1:1"]}
    sidecar = serve({"upstreams": [upstream], "routes": [{"id": "closed", "path": "/closed", "upstream_id": "nobody"}]})
    sidecar.wait_ready()
    port = free_ports(2)
    options = EnvoyOptions(
        f"127.0.0.1:{port}", (f"127.0.0.1:{sidecar.port}",), f"127.0.0.1:{port + 1}", access_log=None
    )
    envoy = Envoy(compile_envoy(load(tmp_path / "gateline.yaml", {}), options), tmp_path)
    yield sidecar, port
    envoy.process.terminate()
    envoy.process.wait(10)


def test_a_killed_sidecar_is_503_and_another_one_in_its_place_is_asked(guarded, tmp_path: Path):
    sidecar, port = guarded
    wait_until(lambda: answer(port)[0] == 401)
    sidecar.process.kill()
    sidecar.process.wait()
    status, retry_after, body = answer(port)
    assert status == 503
    assert int(retry_after) >= 1
    assert json.loads(body)["code"] == "dependency_unavailable"
    again = Sidecar(tmp_path, "--listen", f"127.0.0.1:{sidecar.port}")
    try:
        wait_until(lambda: answer(port)[0] == 401)
    finally:
        again.end()
