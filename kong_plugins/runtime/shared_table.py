"""What several processes on one socket must know of each other: which instance ids stand for which configuration.

Kong's pool may send StartInstance to one process and the event to another. The table is a private directory with a
file per instance, which lives as long as the server; nothing of it is locked, for a file appears whole (rename) and
never changes.
"""

import json
import os
from pathlib import Path


class SharedTable:
    """Instances by id, for all processes of one server."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, instance_id: int, plugin: str, config: str) -> None:
        """Publish an instance before Kong learns its id; raises OSError."""
        path = self._path(instance_id)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps([plugin, config]), encoding="ascii")
        draft.rename(path)

    def get(self, instance_id: int) -> tuple[str, str] | None:
        """Plugin and configuration, None for an id that no process knows."""
        try:
            plugin, config = json.loads(self._path(instance_id).read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        return str(plugin), str(config)

    def has(self, instance_id: int) -> bool:
        """Whether the instance still stands."""
        return self._path(instance_id).exists()

    def drop(self, instance_id: int) -> None:
        """Forget an instance, in all processes."""
        self._path(instance_id).unlink(missing_ok=True)

    def touch(self, instance_id: int) -> None:
        """Somebody uses it."""
        if self.has(instance_id):
            os.utime(self._path(instance_id))

    def idle_s(self, instance_id: int, now_unix_s: float) -> float:
        """Seconds since the last `touch` by any process."""
        try:
            return now_unix_s - self._path(instance_id).stat().st_mtime
        except FileNotFoundError:
            return float("inf")

    def _path(self, instance_id: int) -> Path:
        return self._directory / str(instance_id)
