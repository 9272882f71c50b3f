"""The worlds of this process: one for each store, so that all policies that use it share its connection and buckets."""

from __future__ import annotations

from gateline.config.load import Loaded
from gateline.runtime.made_world import MadeWorld, make_world, store_url
from kong_plugins.adapter import waiting
from kong_plugins.runtime import hub

# Of each store: its URL (None: this process's memory), the namespace of its keys, its budget in seconds.
_WORLDS: dict[tuple[str | None, str, float], MadeWorld] = {}


def made_for(loaded: Loaded) -> MadeWorld:
    """The world of a policy; on the loop's thread. A store that is away is looked for until it is there."""
    gateway = loaded.gateway
    url, store_s = store_url(loaded, None), gateway.budgets.store_ms / 1000
    key = (url, gateway.namespace, store_s)
    made = _WORLDS.get(key)
    if made is None:
        server = hub.current()
        share = server.processes if server is not None else 1
        made = _WORLDS[key] = make_world(waiting.loop(), url, share, gateway.namespace, store_s)
    return made
