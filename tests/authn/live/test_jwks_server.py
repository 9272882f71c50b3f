"""Keys fetched from a real server that rotates, dies, stalls and sends garbage."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.gateway.processes import free_ports
from tests.authn.gateways import MAIN, bearer, gateway, said
from tests.authn.live.node import Node
from tests.cases_support.keyring import keyring
from tests.cases_support.minting import mint


class Server:
    """The server's process and what it is told."""

    def __init__(self, file):
        self.file = file
        self.say("good", "main")
        self.port = free_ports(1)
        self.start()

    def start(self):
        command = [sys.executable, str(Path(__file__).with_name("jwks_server.py")), str(self.port), str(self.file)]
        self.process = subprocess.Popen(command)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("the server did not start")

    def stop(self):
        self.process.kill()
        self.process.wait(5)

    def say(self, mode, *keys):
        document = keyring().jwks(*keys) if keys else json.loads(self.file.read_text())["document"]
        self.file.write_text(json.dumps({"mode": mode, "document": document}))

    @property
    def calls(self):
        log = self.file.with_suffix(".log")
        return len(log.read_text().splitlines()) if log.exists() else 0


@pytest.fixture
def server(tmp_path):
    found = Server(tmp_path / "told.json")
    yield found
    found.stop()


@pytest.fixture
def node_of(server, tmp_path):
    """Nodes with this much time for a check; generous, since a busy machine is not what is tested."""
    made = []

    def make(check_ms):
        keys = {"jwks_url": f"http://127.0.0.1:{server.port}/jwks", "refetch_s": 1, "refresh_s": 1, "within_ms": 3000}
        budgets = {"check_ms": check_ms, "proxy_ms": 30_000}
        method = {**MAIN, "algorithms": ["RS256", "EdDSA"], "keys": keys}
        made.append(Node(gateway(method, budgets=budgets), tmp_path))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def node(node_of):
    return node_of(10_000)


def token(**spec):
    return bearer(mint(spec, keyring(), time.time()))


def test_a_hundred_requests_at_once_fetch_once(server, node):
    wanted = [token(claims={"jti": str(number)}) for number in range(100)]
    began = time.monotonic()
    decisions = node.ask(*wanted)
    assert {said(decision) for decision in decisions} == {(200, "alice")}
    assert 1 <= server.calls <= 1 + (time.monotonic() - began), "a busy machine takes longer than the keys are fresh"


def test_a_thousand_unknown_kids_at_once_fetch_once(server, node):
    node.ask(token())
    time.sleep(1.05)
    wanted = [token(alg="EdDSA", header={"kid": f"k{number}"}) for number in range(1000)]
    began = time.monotonic()
    decisions = node.ask(*wanted)
    assert {said(decision) for decision in decisions} == {(401, "invalid_token")}
    assert server.calls - 1 <= 1 + (time.monotonic() - began)


def test_a_rotated_key_is_found_and_the_old_one_goes(server, node):
    old = token(exp="+1h")
    assert said(*node.ask(old)) == (200, "alice")
    server.say("good", "next")
    time.sleep(1.05)
    assert said(*node.ask(token(key="next"))) == (200, "alice")
    assert said(*node.ask(old)) == (401, "invalid_token")


@pytest.mark.parametrize("mode", ["stall", "garbage", "huge", "redirect", "dead"])
def test_trouble_is_503_for_what_can_not_be_judged_and_known_keys_go_on(server, node, mode):
    known = token(exp="+1h")
    assert said(*node.ask(known)) == (200, "alice")
    if mode == "dead":
        server.stop()
    else:
        server.say(mode)
    time.sleep(1.05)
    began = time.monotonic()
    (unknown,) = node.ask(token(key="next"))
    assert said(unknown) == (503, "dependency_unavailable")
    assert dict(unknown.headers)["retry-after"]
    assert time.monotonic() - began < 8
    assert said(*node.ask(token(claims={"sub": "bob"}))) == (200, "bob")
    assert said(*node.ask(known)) == (200, "alice")


def test_it_recovers_by_itself(server, node):
    server.stop()
    assert said(*node.ask(token())) == (503, "dependency_unavailable")
    server.start()
    time.sleep(1.05)
    assert said(*node.ask(token())) == (200, "alice")


def test_a_fetch_that_takes_longer_than_a_check_serves_the_next_one(server, node_of):
    server.say("slow")
    impatient = node_of(100)
    assert said(*impatient.ask(token())) == (503, "dependency_unavailable")
    end = time.monotonic() + 15
    while said(*impatient.ask(token())) != (200, "alice"):
        assert time.monotonic() < end
        time.sleep(0.1)
    # The second is the background's: with `refresh_s` 1 these keys are old by the time that they come.
    assert server.calls <= 2
