"""`gateline keys usage`: how much of its quotas a key has used. It takes nothing."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from gateline.authn.key_model import APIKey
from gateline.authn.standing_key import standing
from gateline.cli.key_store import connected, counters_url
from gateline.cli.policy import config_option, failed, faults_shown, open_policy
from gateline.config.load import Loaded
from gateline.limit.usage import Usage, usage_of
from gateline.runtime.key_store import KeyStore
from gateline.runtime.redis_blocking import BlockingRedis


@click.command("usage")
@config_option
@click.option(
    "--store", help="URL of the Redis or Valkey that sidecars count in; by default GATELINE_STORE, the policy's."
)
@click.argument("key_id")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def usage(config: Path, store: str | None, key_id: str, as_json: bool) -> None:
    """Tell how much of its daily and monthly quota a key has used."""
    with faults_shown():
        loaded = open_policy(config).read()
        url = counters_url(loaded, store)
        if url is None:
            raise failed("without a store each sidecar counts in its own memory; name the store: --store URL")
        with connected(url) as redis:
            key = _found(loaded, redis, key_id)
            gateway = loaded.gateway
            usages = usage_of(standing(key).identity, gateway.tiers, gateway.namespace, redis.take)
    if as_json:
        click.echo(json.dumps({"id": key.id, "quotas": [asdict(one) for one in usages]}))
        return
    for one in usages:
        click.echo(_line(one))
    if not usages:
        click.echo(f"key {key.id} has no quota")


def _found(loaded: Loaded, redis: BlockingRedis, key_id: str) -> APIKey:
    """A key of the policy or, as a sidecar looks for it, of the store."""
    for key in (*loaded.api_keys, *KeyStore(redis, loaded.gateway.namespace).all()):
        if key.id == key_id:
            return key
    raise failed(f"neither the policy nor its store has a key with the id {key_id!r}")


def _line(one: Usage) -> str:
    hours, seconds = divmod(int(one.reset_s), 3600)
    return f"{one.period}: {one.used} of {one.quota}, anew in {hours} h {seconds // 60} min"
