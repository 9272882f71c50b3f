"""`gateline keys` on a real store: what it changes holds on running sidecars within a second."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bench.gateway.processes import free_ports
from gateline.cli.main import main
from gateline.runtime.key_names import KeyNames
from gateline.runtime.redis_address import RedisAddress
from gateline.runtime.redis_blocking import BlockingRedis
from tests.cli.demo import wait_until
from tests.cli.sidecar import POLICY, Sidecar, write_policy
from tests.stores.valkey import Valkey, running

TIERS = {"free": {"daily_quota": 5, "monthly_quota": 100}}
CHARGED = {"id": "charged", "path": "/charged", "rate_limit": {"requests_per_minute": 600}}
WITHIN_S = 1.5  # the second that is promised, and what a busy machine adds


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with running() as server:
        yield server


@pytest.fixture
def gateway(tmp_path: Path, valkey: Valkey) -> Path:
    """A policy whose keys are in its store."""
    store = {"redis": url_of(valkey)}
    return write_policy(tmp_path, store=store, api_keys=[], tiers=TIERS, routes=[*POLICY["routes"], CHARGED])


def url_of(valkey: Valkey) -> str:
    return f"redis://127.0.0.1:{valkey.port}"


def keys(gateway: Path, command: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["keys", command, "-c", str(gateway), *arguments])


def told(gateway: Path, command: str, *arguments: str) -> Any:
    result = keys(gateway, command, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def created(gateway: Path, *arguments: str) -> dict[str, Any]:
    made: dict[str, Any] = told(gateway, "create", "--user", "carol", "--scope", "read:users", *arguments)
    return made


def states(gateway: Path, *arguments: str) -> dict[str, str]:
    return {key["id"]: key["state"] for key in told(gateway, "list", *arguments)}


@pytest.fixture
def sidecars(gateway: Path, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Sidecar]]:
    """Two of them, which have nothing in common but the policy's text, the pepper and the store."""
    made_first = keys(gateway, "list")
    assert made_first.exit_code == 0, made_first.output
    other = tmp_path_factory.mktemp("other")
    (other / ".gateline").mkdir()
    for name in ("gateline.yaml", ".gateline/pepper"):
        (other / name).write_bytes((gateway.parent / name).read_bytes())
    started = [Sidecar(folder, "--store", url_of(valkey)) for folder in (gateway.parent, other)]
    for sidecar in started:
        sidecar.wait_ready()
    yield started
    for sidecar in started:
        sidecar.end()


def soon(sidecars: list[Sidecar], secret: str, status: int) -> None:
    """Every sidecar answers so within the time."""
    since = time.monotonic()
    wait_until(lambda: all(one.status("/closed", {"x-api-key": secret}) == status for one in sidecars), 10)
    assert time.monotonic() - since < WITHIN_S


def test_a_key_works_and_ends_on_every_running_sidecar_within_a_second(gateway: Path, sidecars: list[Sidecar]) -> None:
    secret = created(gateway)["secret"]
    soon(sidecars, secret, 200)
    assert keys(gateway, "revoke", "carol").exit_code == 0
    soon(sidecars, secret, 401)
    assert states(gateway) == {"carol": "revoked"}


def test_a_rotated_key_serves_for_its_grace_beside_its_successor(gateway: Path, sidecars: list[Sidecar]) -> None:
    old = created(gateway)
    soon(sidecars, old["secret"], 200)
    new = told(gateway, "rotate", "carol", "--grace", "1h")
    soon(sidecars, new["secret"], 200)
    soon(sidecars, old["secret"], 200)
    newest = told(gateway, "rotate", "carol-2")
    soon(sidecars, newest["secret"], 200)
    soon(sidecars, new["secret"], 401)
    assert states(gateway) == {"carol": "active", "carol-2": "revoked", "carol-2-2": "active"}


def test_usage_tells_what_sidecars_charged_and_takes_nothing(gateway: Path, sidecars: list[Sidecar]) -> None:
    secret = created(gateway, "--tier", "free")["secret"]
    assert [one.status("/charged", {"x-api-key": secret}) for one in sidecars] == [200, 200]
    for _ in range(2):
        quotas = told(gateway, "usage", "carol")["quotas"]
        assert [(one["period"], one["used"], one["quota"]) for one in quotas] == [("day", 2, 5), ("month", 2, 100)]
    assert keys(gateway, "usage", "carol").stdout.startswith("day: 2 of 5, anew in ")
    assert told(gateway, "list")[0]["last_used"] is not None


def test_a_key_without_a_quota_has_no_usage(gateway: Path) -> None:
    created(gateway)
    assert keys(gateway, "usage", "carol").stdout == "key carol has no quota\n"


def test_a_store_that_is_named_goes_before_the_file(tmp_path: Path, valkey: Valkey) -> None:
    gateway = write_policy(tmp_path)
    in_store = ("--store", url_of(valkey))
    created(gateway, *in_store)
    assert (states(gateway), states(gateway, *in_store)) == ({"demo": "active"}, {"carol": "active"})
    assert created(gateway, "--id", "mine")["id"] == "mine"
    taken = keys(gateway, "create", "--user", "x", "--id", "mine", *in_store)
    assert (taken.exit_code, "is taken" in taken.output) == (2, True)


def test_the_store_has_hashes_and_no_lock_is_left(gateway: Path, valkey: Valkey) -> None:
    made = created(gateway)
    redis = BlockingRedis(RedisAddress("127.0.0.1", valkey.port))
    names = KeyNames("default")
    assert made["secret"].encode() not in redis.get(names.record(made["prefix"]))
    assert redis.get(names.lock) is None
    redis.close()


def test_a_command_waits_for_another_that_changes_keys(gateway: Path, valkey: Valkey) -> None:
    redis = BlockingRedis(RedisAddress("127.0.0.1", valkey.port))
    redis.set(KeyNames("default").lock, "another's", 1)
    since = time.monotonic()
    created(gateway)
    assert time.monotonic() - since > 0.5
    redis.close()


@pytest.mark.parametrize("command", [["list"], ["usage", "carol"], ["create", "--user", "x"]])
def test_a_store_that_is_away_is_told(gateway: Path, command: list[str]) -> None:
    nobody = f"redis://:hidden@127.0.0.1:{free_ports(1)}"
    result = keys(gateway, command[0], *command[1:], "--store", nobody)
    assert result.exit_code == 2
    assert result.output.startswith("error: ")
    assert "127.0.0.1" in result.output
    assert "hidden" not in result.output


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["revoke", "nobody"], "no key with the id 'nobody'"),
        (["usage", "nobody"], "a key with the id 'nobody'"),
        (["create", "--user", "x", "--tier", "gold"], "has no tier 'gold'"),
        (["list", "--store", "http://h"], "must read redis://HOST:PORT/DB"),
        (["usage", "nobody", "--store", "memory"], "name the store"),
        (["create", "--user", "x", "--store", "memory"], "or a store"),
    ],
)
def test_mistakes_are_told(gateway: Path, command: list[str], message: str) -> None:
    result = keys(gateway, command[0], *command[1:])
    assert (result.exit_code, message in result.output) == (2, True), result.output


def test_a_broken_record_is_told_and_not_quoted(gateway: Path, valkey: Valkey) -> None:
    prefix = created(gateway)["prefix"]
    redis = BlockingRedis(RedisAddress("127.0.0.1", valkey.port))
    redis.set(KeyNames("default").record(prefix), '{"id": "hush"}')
    redis.close()
    result = keys(gateway, "list")
    assert (result.exit_code, f"record of {prefix} is broken" in result.output) == (2, True), result.output
    assert "hush" not in result.output
