"""`gateline keys`: API keys in the file that the policy names. A secret is shown once and stored as a hash."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from gateline.authn.key_model import APIKey, hash_of, new_key
from gateline.cli.duration import DURATION
from gateline.cli.key_file import KeyFile, locked_keys
from gateline.cli.policy import config_option, failed, load_policy


@click.group("keys")
def command() -> None:
    """Create, list, revoke and rotate API keys."""


@command.command("create")
@config_option
@click.option("--user", "user_id", required=True, help="Whose key: the user that upstreams see.")
@click.option("--scope", default="", help="Scopes, with spaces between them.")
@click.option("--id", "key_id", help="How to speak of the key; by default made from the user.")
@click.option("--name", default="", help="What it is for.")
@click.option("--tenant", help="The tenant that it belongs to.")
@click.option("--tier", help="A tier of the policy, whose limits then hold.")
@click.option("--ttl", "ttl_s", type=DURATION, help="How long it is valid: 12h, 30d. Without it: until revoked.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def create(config: Path, key_id: str | None, ttl_s: int | None, as_json: bool, **given: Any) -> None:
    """Make a key and show it, once."""
    with locked_keys(config) as file:
        tier = given["tier"]
        if tier is not None and tier not in file.loaded.gateway.tiers:
            raise failed(f"the policy has no tier {tier!r}; it has: {', '.join(file.loaded.gateway.tiers) or 'none'}")
        if any(key.id == key_id for key in file.keys):
            raise failed(f"the id {key_id!r} is taken")
        now = _now()
        key, secret = _made(
            file,
            key_id or _free_id(file, given["user_id"]),
            {
                "name": given["name"],
                "user_id": given["user_id"],
                "tenant": given["tenant"],
                "scopes": tuple(given["scope"].split()),
                "rate_limit_tier": tier,
                "created_at": now,
                "expires_at": now + timedelta(seconds=ttl_s) if ttl_s else None,
            },
        )
        file.keys.append(key)
        file.write()
    _show_secret(key, secret, as_json)


@command.command("list")
@config_option
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_keys(config: Path, as_json: bool) -> None:
    """List the keys; never a secret, which nobody has."""
    keys = load_policy(config).api_keys
    if as_json:
        click.echo(json.dumps([_described(key) for key in keys]))
        return
    from rich.console import Console  # noqa: PLC0415  # for people alone
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False)
    for column in ("id", "prefix", "user", "scopes", "tier", "state", "expires"):
        table.add_column(column, overflow="fold")
    for key in keys:
        cells = (key.id, key.prefix, key.user_id, " ".join(key.scopes), key.rate_limit_tier or "", _state(key))
        table.add_row(*map(Text, (*cells, _iso(key.expires_at) or "")))
    Console(soft_wrap=True).print(table)


@command.command("revoke")
@config_option
@click.argument("key_id")
def revoke(config: Path, key_id: str) -> None:
    """Make a key invalid at once. It stays in the list."""
    with locked_keys(config) as file:
        file.replace(file.find(key_id).model_copy(update={"is_active": False}))
        file.write()
    click.echo(f"key {key_id} is revoked")


@command.command("rotate")
@config_option
@click.argument("key_id")
@click.option(
    "--grace", "grace_s", type=DURATION, default="0s", show_default=True, help="How long the old secret serves."
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def rotate(config: Path, key_id: str, grace_s: int, as_json: bool) -> None:
    """Give a key's user a new secret, and show it once; the old key ends after the grace."""
    with locked_keys(config) as file:
        old = file.find(key_id)
        if not old.is_active:
            raise failed(f"key {key_id} is revoked; create another one")
        fields = old.model_dump(exclude={"id", "prefix", "key", "created_at", "last_used"})
        key, secret = _made(file, _free_id(file, key_id), {**fields, "created_at": _now()})
        ends = {"expires_at": _now() + timedelta(seconds=grace_s)} if grace_s else {"is_active": False}
        file.replace(old.model_copy(update=ends))
        file.keys.append(key)
        file.write()
    _show_secret(key, secret, as_json)


def _made(file: KeyFile, key_id: str, fields: dict[str, Any]) -> tuple[APIKey, str]:
    taken = {key.prefix for key in file.keys}
    prefix, secret = new_key()
    while prefix in taken:
        prefix, secret = new_key()
    return APIKey(id=key_id, prefix=prefix, key=hash_of(secret, file.pepper), **fields), secret


def _free_id(file: KeyFile, wanted: str) -> str:
    """The id itself, or the first of `id-2`, `id-3`, … that is free."""
    taken = {key.id for key in file.keys}
    if wanted not in taken:
        return wanted
    return next(name for number in range(2, len(taken) + 3) if (name := f"{wanted}-{number}") not in taken)


def _show_secret(key: APIKey, secret: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**_described(key), "secret": secret}))
        return
    click.echo(f"key {key.id} of {key.user_id}; this is the only time that its secret is shown:", err=True)
    click.echo(secret)


def _described(key: APIKey) -> dict[str, Any]:
    described = key.model_dump(mode="json", exclude={"key"})
    return {**described, "state": _state(key)}


def _state(key: APIKey) -> str:
    if not key.is_active:
        return "revoked"
    return "expired" if key.expired(_now().timestamp()) else "active"


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
