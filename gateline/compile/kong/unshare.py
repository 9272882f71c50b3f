"""Gives plugins that stand in several places by YAML aliases a body of their own, so that each can be changed alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def unshare(document: Any, name: str) -> None:
    """Every plugin of that name, its config and its lists are then in one place only; the first keeps the original."""
    seen: set[int] = set()
    for plugins in _lists(document):
        for index, plugin in enumerate(plugins):
            if plugin.get("name") != name:
                continue
            if id(plugin) in seen:
                plugins[index] = copied(plugin)
            seen.add(id(plugins[index]))
            config = plugins[index].get("config")
            parts = [config, *config.values()] if isinstance(config, dict) else []
            if any(id(part) in seen for part in parts if isinstance(part, dict | list)):
                plugins[index]["config"] = copied(config)
            seen.update(id(part) for part in parts)


def copied(node: Any) -> Any:
    """Plain data of its own, without anchors."""
    if isinstance(node, dict):
        return {key: copied(value) for key, value in node.items()}
    return [copied(item) for item in node] if isinstance(node, list) else node


def _lists(document: Any) -> Iterator[list[Any]]:
    """Every list of plugins, the global one last: an alias mostly stands behind its anchor."""
    services = document.get("services") or ()
    routes = [*(route for service in services for route in service.get("routes") or ())]
    for owner in (*services, *routes, *(document.get("routes") or ()), document):
        if owner.get("plugins"):
            yield owner["plugins"]
