"""Plugins without a gateway file: each is a policy of one route, built from its own configuration.

Kong has chosen the route, and its path is Kong's affair: it is not judged. Counters are named by Kong's id of the
plugin, so that two plugins never share one, and a plugin keeps its own when Kong is configured anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import StringConstraints

from gateline.schema.model import Model
from kong_plugins.adapter.policies import of_data
from kong_plugins.adapter.policy import Policy
from kong_plugins.adapter.reading import Reading

NAMESPACE = "kong"


class StoreConfig(Model):
    """Where counters and keys are kept."""

    redis: Annotated[str, StringConstraints(pattern=r"^(rediss?|unix)://")] | None = None
    """A Redis or Valkey that all share; without it this process's own memory."""
    namespace: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = NAMESPACE


class ScopesConfig(Model):
    """What the credential must hold: every one of these scopes."""

    scopes: tuple[str, ...] = ()


def store_of(config: StoreConfig) -> dict[str, Any]:
    """The store's part of a gateway."""
    return {"namespace": config.namespace, "store": {"redis": config.redis} if config.redis else "memory"}


def scopes_of(config: ScopesConfig) -> dict[str, Any]:
    """The route's part that asks for scopes."""
    return {"authorization": {"scopes": {"all": list(config.scopes)}}} if config.scopes else {}


def policy_of(plugin: str, route: Mapping[str, Any], gateway: Mapping[str, Any], *, headers: bool) -> Policy:
    """The policy of one route; `headers` says whether it reads any. `ConfigError` where it can't be built."""
    data = {
        "version": 1,
        "decision_log": {"level": "off"},
        **gateway,
        "routes": [{"path": "/", **route}],
    }
    return of_data(plugin, data, Reading(headers=headers, path=False))
