"""What a plugin leaves for the fence: the last thing that it does, and only where the request may go on."""

from __future__ import annotations

from typing import Any

from kong_plugins.adapter.told import told

PASS = "pass"  # noqa: S105  # Kong's ProtoBuf:1 loses booleans


def verdict_key(plugin: str) -> str:
    """The name in `kong.ctx.shared`: `gateline-key-auth` writes `gateline_key_auth`."""
    return "gateline_" + plugin.removeprefix("gateline-").replace("-", "_")


def give_verdict(kong: Any, plugin: str) -> None:
    """The plugin has judged, and lets it pass."""
    told(kong.ctx.shared.set(verdict_key(plugin), PASS))
