"""API keys in a real Valkey: two nodes, revocation within a second, an outage, one look-up for many requests."""

import time

import pytest
from redis import Redis

from gateline.authn.key_book import issue, revoke, rotate
from gateline.runtime.key_store import KeyStore
from tests.authn.gateways import MAIN, bearer, gateway, said
from tests.authn.live.node import Node
from tests.cases_support.keyring import PEPPER, keyring
from tests.cases_support.minting import mint
from tests.stores.valkey import Valkey

KEYED = {"name": "keys", "method": "api_key"}
BUDGETS = {"store_ms": 2000, "check_ms": 5000, "proxy_ms": 30_000}


@pytest.fixture
def valkey():
    server = Valkey()
    server.start()
    yield server
    server.kill()


@pytest.fixture
def client(valkey):
    return Redis(port=valkey.port)


@pytest.fixture
def nodes(valkey, tmp_path):
    keyring().write(tmp_path / ".gateline")
    policy = gateway(KEYED, {**MAIN, "revocation": True}, api_key_pepper={"file": ".gateline/pepper"}, budgets=BUDGETS)
    made = [Node(policy, tmp_path, f"redis://127.0.0.1:{valkey.port}") for _ in range(2)]
    yield made
    for node in made:
        node.close()


def made(store, **fields):
    issued = issue(PEPPER, time.time(), user_id="alice", **fields)
    store.put(issued.record)
    return issued


def ask(node, secret):
    (decision,) = node.ask({"x-api-key": secret})
    return said(decision)


def test_a_key_works_on_every_node_and_a_revoked_one_stops_on_every_node_within_a_second(client, nodes):
    store = KeyStore(client, "default")
    keys = [made(store) for _ in range(5)]
    for node in nodes:
        assert {ask(node, key.secret) for key in keys} == {(200, "alice")}
    store.put(revoke(keys[0].record))
    time.sleep(1.0)
    for node in nodes:
        assert ask(node, keys[0].secret) == (401, "key_inactive")
        assert ask(node, keys[1].secret) == (200, "alice")


def test_a_rotated_key_overlaps_with_its_successor(client, nodes):
    store = KeyStore(client, "default")
    old = made(store, id="k")
    rotated = rotate(old.record, PEPPER, time.time(), 2)
    store.put(rotated.old, rotated.new.record)
    assert ask(nodes[0], old.secret) == ask(nodes[0], rotated.new.secret) == (200, "alice")
    time.sleep(2.1)
    assert ask(nodes[0], old.secret) == (401, "key_inactive")
    assert ask(nodes[0], rotated.new.secret) == (200, "alice")
    assert {key.id for key in store.all()} == {"k", "k.2"}


def test_a_thousand_requests_at_once_look_a_key_up_once(client, nodes):
    key = made(KeyStore(client, "default"))
    before = client.info("commandstats").get("cmdstat_get", {"calls": 0})["calls"]
    decisions = nodes[0].ask(*[{"x-api-key": key.secret}] * 1000)
    assert {said(decision) for decision in decisions} == {(200, "alice")}
    # One for the revision, one for the key.
    assert client.info("commandstats")["cmdstat_get"]["calls"] - before == 2


def test_use_is_written(client, nodes):
    key = made(store := KeyStore(client, "default"))
    ask(nodes[0], key.secret)
    end = time.monotonic() + 5
    while key.record.prefix not in store.used():
        assert time.monotonic() < end
        time.sleep(0.01)
    assert abs(store.used()[key.record.prefix] - time.time()) < 10


def test_known_keys_go_on_without_the_store_and_unknown_ones_are_503(valkey, client, nodes):
    store = KeyStore(client, "default")
    known, unknown = made(store), made(store)
    assert ask(nodes[0], known.secret) == (200, "alice")
    valkey.kill()
    time.sleep(1.0)
    assert ask(nodes[0], known.secret) == (200, "alice")
    assert ask(nodes[0], unknown.secret) == (503, "dependency_unavailable")


def test_revoked_tokens_and_users_are_refused_at_once(client, nodes):
    token = bearer(mint({"claims": {"jti": "t{1}"}, "exp": "+1h"}, keyring(), time.time()))
    (decision,) = nodes[0].ask(token)
    assert said(decision) == (200, "alice")
    KeyStore(client, "default").revoke_tokens("jti:t{1}", 60)
    for node in nodes:
        (decision,) = node.ask(token)
        assert said(decision) == (401, "invalid_token")
