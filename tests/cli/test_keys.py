"""`gateline keys`: a secret is shown once, works at once, and ends when it should."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateline.cli.main import main
from tests.cli.sidecar import write_policy


@pytest.fixture
def gateway(tmp_path: Path) -> Path:
    return write_policy(tmp_path, tiers={"free": {"requests_per_minute": 60}})


def keys(gateway: Path, command: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["keys", command, "-c", str(gateway), *arguments])


def created(gateway: Path, *arguments: str) -> dict:
    result = keys(gateway, "create", "--user", "carol", "--scope", "read:users", "--json", *arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def listed(gateway: Path) -> dict[str, dict]:
    return {key["id"]: key for key in json.loads(keys(gateway, "list", "--json").stdout)}


def status(gateway: Path, secret: str) -> tuple[int, str | None]:
    arguments = ["explain", "-c", str(gateway), "--json", "-H", f"x-api-key: {secret}", "/closed"]
    seen = json.loads(CliRunner().invoke(main, arguments).stdout)
    return seen["status"], seen["code"]


def test_a_new_key_is_shown_once_works_and_is_stored_as_a_hash(gateway: Path):
    result = keys(gateway, "create", "--user", "carol", "--scope", "read:users")
    secret = result.stdout.strip()
    assert "only time" in result.stderr
    assert status(gateway, secret) == (200, None)
    files = [path for path in gateway.parent.rglob("*") if path.is_file()]
    assert not [path for path in files if secret.encode() in path.read_bytes()]
    assert secret not in keys(gateway, "list").stdout
    assert "carol" in keys(gateway, "list").stdout


def test_the_file_keeps_its_mode_and_the_keys_that_were_there(gateway: Path):
    created(gateway)
    assert set(listed(gateway)) == {"demo", "carol"}
    assert (gateway.parent / ".gateline" / "api_keys.yaml").stat().st_mode & 0o777 == 0o600


def test_ids_are_made_from_the_user_and_never_taken_twice(gateway: Path):
    assert [created(gateway)["id"] for _ in range(3)] == ["carol", "carol-2", "carol-3"]
    assert created(gateway, "--id", "mine")["id"] == "mine"
    assert keys(gateway, "create", "--user", "x", "--id", "mine").exit_code == 2


def test_a_revoked_key_is_refused_and_stays_in_the_list(gateway: Path):
    secret = created(gateway)["secret"]
    assert keys(gateway, "revoke", "carol").exit_code == 0
    assert status(gateway, secret) == (401, "key_inactive")
    assert listed(gateway)["carol"]["state"] == "revoked"


def test_a_rotated_key_hands_its_rights_to_a_new_secret(gateway: Path):
    old = created(gateway, "--tier", "free")
    new = json.loads(keys(gateway, "rotate", "carol", "--json").stdout)
    assert status(gateway, new["secret"]) == (200, None)
    assert status(gateway, old["secret"]) == (401, "key_inactive")
    assert (new["user_id"], new["scopes"], new["rate_limit_tier"]) == ("carol", ["read:users"], "free")


def test_with_a_grace_the_old_secret_serves_a_while_longer(gateway: Path):
    old = created(gateway)["secret"]
    new = json.loads(keys(gateway, "rotate", "carol", "--grace", "1h", "--json").stdout)["secret"]
    assert status(gateway, old) == status(gateway, new) == (200, None)
    assert listed(gateway)["carol"]["expires_at"] is not None


def test_a_grace_lengthens_no_life(gateway: Path):
    end = created(gateway, "--ttl", "1m")["expires_at"]
    assert keys(gateway, "rotate", "carol", "--grace", "1h").exit_code == 0
    assert {listed(gateway)[name]["expires_at"] for name in ("carol", "carol-2")} == {end}


def test_an_expired_key_is_not_rotated(gateway: Path):
    created(gateway, "--ttl", "-1s")
    result = keys(gateway, "rotate", "carol")
    assert (result.exit_code, "carol is expired" in result.output) == (2, True)


def test_an_expired_key_is_refused(gateway: Path):
    secret = created(gateway, "--ttl", "-1s")["secret"]
    assert status(gateway, secret) == (401, "key_inactive")
    assert listed(gateway)["carol"]["state"] == "expired"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["revoke", "nobody"], "no key with the id 'nobody'"),
        (["rotate", "nobody"], "no key with the id 'nobody'"),
        (["create", "--user", "x", "--tier", "gold"], "has no tier 'gold'"),
    ],
)
def test_mistakes_are_told_and_change_nothing(gateway: Path, arguments: list[str], message: str):
    result = keys(gateway, arguments[0], *arguments[1:])
    assert result.exit_code == 2
    assert message in result.output
    assert set(listed(gateway)) == {"demo"}


def test_keys_that_stand_in_the_gateway_file_are_not_touched(tmp_path: Path):
    result = keys(write_policy(tmp_path, api_keys=[]), "create", "--user", "x")
    assert result.exit_code == 2
    assert "api_keys: {file: PATH}" in result.output
