"""`gateline keys`: API keys in the policy's file or in a store. A secret is shown once and stored as a hash."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from gateline.authn import key_book
from gateline.authn.key_model import APIKey
from gateline.cli.duration import DURATION
from gateline.cli.kept_keys import KeptKeys
from gateline.cli.key_file import locked_file
from gateline.cli.key_store import connected, keys_url, locked_store
from gateline.cli.key_usage import usage
from gateline.cli.policy import config_option, failed, faults_shown, open_policy
from gateline.runtime.key_store import KeyStore

F = TypeVar("F", bound=Callable[..., Any])


@click.group("keys")
def command() -> None:
    """Create, list, revoke and rotate API keys, and tell what they used."""


command.add_command(usage)


def _store_option(function: F) -> F:
    text = "URL of a Redis or Valkey: its keys. Without it the policy's file of keys, else the policy's store."
    return click.option("--store", help=text)(function)


@contextmanager
def _locked(config: Path, store: str | None) -> Iterator[KeptKeys]:
    """The keys to work on, while nobody else changes them."""
    with faults_shown():
        policy = open_policy(config)
        loaded = policy.read()
        url = keys_url(loaded, store)
        with locked_file(policy) if url is None else locked_store(loaded, url) as kept:
            yield kept


@command.command("create")
@config_option
@_store_option
@click.option("--user", "user_id", required=True, help="Whose key: the user that upstreams see.")
@click.option("--scope", default="", help="Scopes, with spaces between them.")
@click.option("--id", "key_id", help="How to speak of the key; by default made from the user.")
@click.option("--name", default="", help="What it is for.")
@click.option("--tenant", help="The tenant that it belongs to.")
@click.option("--tier", help="A tier of the policy, whose limits then hold.")
@click.option("--ttl", "ttl_s", type=DURATION, help="How long it is valid: 12h, 30d. Without it: until revoked.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def create(config: Path, store: str | None, key_id: str | None, ttl_s: int | None, as_json: bool, **given: Any) -> None:
    """Make a key and show it, once."""
    with _locked(config, store) as kept:
        tier = given["tier"]
        tiers = kept.loaded.gateway.tiers
        if tier is not None and tier not in tiers:
            raise failed(f"the policy has no tier {tier!r}; it has: {', '.join(tiers) or 'none'}")
        if key_id in kept.taken_ids():
            raise failed(f"the id {key_id!r} is taken")
        ends = None if ttl_s is None else _now() + timedelta(seconds=ttl_s)
        fields = {
            "name": given["name"],
            "user_id": given["user_id"],
            "tenant": given["tenant"],
            "scopes": tuple(given["scope"].split()),
            "rate_limit_tier": tier,
            "expires_at": ends,
        }
        named = key_id or _free_id(kept, given["user_id"])
        made = key_book.issue(kept.pepper, time.time(), id=named, **fields)
        while made.record.prefix in kept.taken_prefixes():
            made = key_book.issue(kept.pepper, time.time(), id=named, **fields)
        kept.put(made.record)
    _show_secret(made, as_json)


@command.command("list")
@config_option
@_store_option
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_keys(config: Path, store: str | None, as_json: bool) -> None:
    """List the keys; never a secret, which nobody has."""
    keys = _listed(config, store)
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
@_store_option
@click.argument("key_id")
def revoke(config: Path, store: str | None, key_id: str) -> None:
    """Make a key invalid within a second. It stays in the list."""
    with _locked(config, store) as kept:
        kept.put(key_book.revoke(kept.find(key_id)))
    click.echo(f"key {key_id} is revoked")


@command.command("rotate")
@config_option
@_store_option
@click.argument("key_id")
@click.option(
    "--grace", "grace_s", type=DURATION, default="0s", show_default=True, help="How long the old secret serves."
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def rotate(config: Path, store: str | None, key_id: str, grace_s: int, as_json: bool) -> None:
    """Give a key's user a new secret, and show it once; the old key ends after the grace, or when it would anyway."""
    with _locked(config, store) as kept:
        old = kept.find(key_id)
        if (state := _state(old)) != "active":
            raise failed(f"key {key_id} is {state}; create another one")
        named = _free_id(kept, key_id)
        rotated = key_book.rotate(old, kept.pepper, time.time(), grace_s, named)
        while rotated.new.record.prefix in kept.taken_prefixes():
            rotated = key_book.rotate(old, kept.pepper, time.time(), grace_s, named)
        # The new one first: who is cut off between the two has both keys and not none.
        kept.put(rotated.new.record, rotated.old if grace_s > 0 else key_book.revoke(old))
    _show_secret(rotated.new, as_json)


def _listed(config: Path, store: str | None) -> list[APIKey]:
    with faults_shown():
        loaded = open_policy(config).read()
        url = keys_url(loaded, store)
        if url is None:
            return list(loaded.api_keys)
        with connected(url) as redis:
            keys = KeyStore(redis, loaded.gateway.namespace)
            used = {prefix: datetime.fromtimestamp(at, UTC) for prefix, at in keys.used().items()}
            return [key.model_copy(update={"last_used": used.get(key.prefix)}) for key in keys.all()]


def _free_id(kept: KeptKeys, wanted: str) -> str:
    """The id itself, or the first of `id-2`, `id-3`, … that is free."""
    taken = kept.taken_ids()
    if wanted not in taken:
        return wanted
    return next(name for number in range(2, len(taken) + 3) if (name := f"{wanted}-{number}") not in taken)


def _show_secret(made: key_book.Issued, as_json: bool) -> None:
    key = made.record
    if as_json:
        click.echo(json.dumps({**_described(key), "secret": made.secret}))
        return
    click.echo(f"key {key.id} of {key.user_id}; this is the only time that its secret is shown:", err=True)
    click.echo(made.secret)


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
