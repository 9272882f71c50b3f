"""The started instances of one process: a plugin with one configuration each, until Kong closes it or nobody uses it.

Kong never closes the instance of a plugin that was removed from its configuration, so an instance that is idle for long
goes; should Kong ask for it all the same, it starts a new one.
"""

import time
from dataclasses import dataclass, field
from typing import Any

from kong_plugins.runtime.plugins import Plugin
from kong_plugins.runtime.shared_table import SharedTable


@dataclass(slots=True)
class Instance:
    """A plugin's own object for one configuration; any number of events may run on it at a time."""

    id: int
    plugin: Plugin
    object: Any
    used_s: float = field(default_factory=time.monotonic)


class Instances:
    """Instances by id; with a shared table, those of the other processes can be found by what they were made of."""

    def __init__(self, idle_s: float, shared: SharedTable | None) -> None:
        self._idle_s = idle_s
        self._shared = shared
        self._by_id: dict[int, Instance] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, instance_id: int) -> Instance | None:
        """The instance, if this process has it."""
        return self._by_id.get(instance_id)

    def elsewhere(self, instance_id: int) -> tuple[str, str] | None:
        """Plugin and configuration of an instance that another process started."""
        return self._shared.get(instance_id) if self._shared is not None else None

    def add(self, instance: Instance) -> None:
        """Keep an instance."""
        self._by_id[instance.id] = instance

    def publish(self, instance_id: int, plugin: str, config: str) -> None:
        """Let the other processes find it; raises OSError."""
        if self._shared is not None:
            self._shared.put(instance_id, plugin, config)

    def close(self, instance_id: int) -> bool:
        """Forget an instance; events that run on it end in peace. Says whether it was known."""
        known = self._by_id.pop(instance_id, None) is not None
        if self._shared is not None:
            known = self._shared.has(instance_id) or known
            self._shared.drop(instance_id)
        return known

    def sweep(self) -> None:
        """Forget what is idle for too long, and what another process has closed."""
        now_s, now_unix_s = time.monotonic(), time.time()
        for instance in list(self._by_id.values()):
            idle_s = now_s - instance.used_s
            if self._shared is not None:
                if idle_s < self._idle_s:
                    self._shared.touch(instance.id)
                idle_s = self._shared.idle_s(instance.id, now_unix_s)
            if idle_s >= self._idle_s:
                self.close(instance.id)
