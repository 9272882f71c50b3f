"""`gateline run`, from the outside: what it prints, that it works, and that it ends whole."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from bench.gateway.processes import free_ports
from tests.cli.demo import Demo, alive, shell, wait_until


@pytest.fixture(scope="module")
def demo(repository: Path, tmp_path_factory: pytest.TempPathFactory):
    running = Demo(repository, tmp_path_factory.mktemp("demo"), free_ports(2))
    try:
        yield running.wait_ready()
    finally:
        running.end()


@pytest.fixture
def another(repository: Path, tmp_path: Path):
    """Starts further demos, each ended with the test."""
    started: list[Demo] = []

    def start(port: int) -> Demo:
        started.append(Demo(repository, tmp_path, port))
        return started[-1]

    yield start
    for running in started:
        running.end()


def status_of(demo: Demo, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{demo.port}{path}", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_it_prints_where_it_is_and_what_to_try(demo: Demo):
    first, second, *rest = demo.out.splitlines()
    assert first == f"ready http://127.0.0.1:{demo.port}"
    assert second == f"admin http://127.0.0.1:{demo.port + 1}"
    assert rest[: len(demo.lines)] == demo.lines
    assert 6 <= len(demo.lines) <= 8
    assert "\x1b" not in demo.out


@pytest.mark.parametrize("again", [False, True], ids=["in order", "again, backwards"])
def test_every_line_answers_as_announced(demo: Demo, again: bool):
    for line in reversed(demo.lines) if again else demo.lines:
        announced = re.search(r"# (\d{3})", line)
        assert announced is not None, line
        printed = shell(line)
        if line.startswith("curl -s "):
            assert printed.startswith("# HELP gateline_"), line
            continue
        statuses = re.findall(r"^HTTP/1.1 (\d{3})", printed, re.MULTILINE)
        assert statuses[-1:] == [announced[1]], f"{line}\n{printed}"
        if announced[1] == "429":
            assert re.search(r"^retry-after: \d+$", printed, re.MULTILINE), printed


def test_the_upstream_sees_our_identity_headers_and_never_the_clients(demo: Demo):
    line = next(line for line in demo.lines if "x-api-key" in line and "/v1/" in line)
    seen = json.loads(shell(line.replace("curl -i", "curl -s -H 'X-User-Id: eve' -H 'x_user_id: eve'")))
    assert seen["headers"]["x-user-id"] == "bob"
    assert "eve" not in json.dumps(seen)


def test_each_request_is_a_line_of_the_log_without_its_query(demo: Demo):
    assert status_of(demo, "/v1/users/logged?secret=hush") == 401
    wait_until(lambda: "/v1/users/logged" in demo.out)
    line = next(line for line in demo.out.splitlines() if "/v1/users/logged" in line)
    assert "deny 401" in line
    assert "reason=no_credentials" in line
    assert "route=user-api-v1" in line
    assert "hush" not in demo.out


def test_the_sidecar_is_a_process_of_its_own_that_can_be_found(demo: Demo):
    assert "gateline serve" in demo.parts()[demo.part("gateline serve")]


def test_a_paused_sidecar_is_503_and_recovers(demo: Demo):
    sidecar = demo.part("gateline serve")
    subprocess.run(["kill", "-STOP", str(sidecar)], check=True)
    try:
        assert status_of(demo, "/v1/users") == 503
    finally:
        subprocess.run(["kill", "-CONT", str(sidecar)], check=True)
    wait_until(lambda: status_of(demo, "/v1/users") == 401)


def test_a_changed_policy_takes_effect_at_once_and_a_bad_one_is_refused(demo: Demo):
    good = demo.gateway_file.read_text()
    try:
        before = _revision(demo)
        demo.gateway_file.write_text(good.replace("read:orders", "read:everything"))
        wait_until(lambda: _revision(demo) != before)
        demo.gateway_file.write_text(good.replace("any_of: [main, keys]", "any_of: [mian, keys]"))
        wait_until(lambda: "did you mean `main`" in demo.err)
        assert re.search(r"gateline\.yaml:\d+: routes\[\d\]\.authentication", demo.err)
        assert status_of(demo, "/v1/users") == 401
    finally:
        demo.gateway_file.write_text(good)


def _revision(demo: Demo) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{demo.port + 1}/readyz", timeout=5) as answer:
        return str(json.load(answer)["revision"])


def test_a_port_in_use_is_an_error_that_says_what_to_do(another):
    port = free_ports(2)
    with socket.create_server(("127.0.0.1", port)):
        running = another(port)
        assert running.process.wait(30) == 1
    assert f"port {port}" in running.err
    assert "make run PORT=12000" in running.err
    assert running.out == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_it_ends(another, number: int):
    running = another(free_ports(2)).wait_ready()
    parts = running.parts()
    assert len(parts) == 4
    code = running.end(number)
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0)
    wait_until(lambda: not any(map(alive, parts)))


@pytest.mark.parametrize(
    ("word", "name"), [("valkey-server", "valkey"), ("gateline serve", "sidecar"), ("envoy.json", "envoy")]
)
def test_when_a_part_dies_it_says_which_and_ends(another, word: str, name: str):
    running = another(free_ports(2)).wait_ready()
    parts = running.parts()
    victim = running.part(word)
    subprocess.run(["kill", "-KILL", str(victim)], check=True)
    assert running.process.wait(30) == 1
    assert f"{name} (process {victim}) was killed by SIGKILL" in running.err
    assert not any(map(alive, parts))
