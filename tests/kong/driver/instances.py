"""Which instance id Kong uses for a configuration: one a plugin id, started anew when its `__seq__` has changed."""

from dataclasses import dataclass
from typing import Protocol


class Rpc(Protocol):
    """The two calls that it needs."""

    def start_instance(self, plugin: str, config: dict[str, object]) -> int:
        """The new id; raises LuaError."""

    def close_instance(self, instance_id: int) -> None:
        """Whatever the server says."""


@dataclass(slots=True)
class _Running:
    plugin: str
    id: int
    seq: object


class RunningInstances:
    """Kong's table of one worker."""

    def __init__(self) -> None:
        self._by_key: dict[object, _Running] = {}

    def id_of(self, rpc: Rpc, plugin: str, config: dict[str, object]) -> int:
        """The id to use, after StartInstance where there is none or an old one; raises LuaError."""
        key = config["__plugin_id"]
        found = self._by_key.get(key)
        if found is not None and found.seq == config.get("__seq__"):
            return found.id
        self._by_key.pop(key, None)
        started = rpc.start_instance(plugin, config)
        self._by_key[key] = _Running(plugin, started, config.get("__seq__"))
        if found is not None:
            rpc.close_instance(found.id)
        return started

    def reset(self, plugin: str) -> None:
        """The server does not know an id, or has closed: forget every instance of the plugin."""
        self._by_key = {key: found for key, found in self._by_key.items() if found.plugin != plugin}
