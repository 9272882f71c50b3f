"""Plugin files as kong-pdk loads them: `<name>.py` in a directory, with `Plugin`, `Schema`, `version`, `priority`."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from kong_pdk.module import Module

ENDINGS = {".py", ".pyd", ".so"}


class UnknownPluginError(Exception):
    """No file of that name holds a plugin."""


class Plugin:
    """A loaded plugin: what Kong wants to know of it, and how to make an instance."""

    def __init__(self, name: str, path: Path, *, blocking: bool) -> None:
        self.name = name
        self._module = Module(name, path=str(path))
        self.phases = frozenset(self._module.phases)
        self.blocking = blocking or bool(getattr(self._module.mod, "blocking", False))

    def new(self, config: str) -> Any:
        """The plugin's own object for a configuration in JSON."""
        return self._module.cls(json.loads(config))

    def description(self) -> dict[str, object]:
        """Name, priority, version, phases and schema, as Kong reads them from a dump."""
        return {
            "Name": self.name,
            "Phases": list(self._module.phases),
            "Priority": self._module.priority,
            "Version": self._module.version,
            "Schema": {"name": self.name, "fields": [{"config": {"type": "record", "fields": self._module.schema}}]},
        }


def names(directory: Path) -> list[str]:
    """The plugins that the directory may hold, in order; raises OSError."""
    return sorted(path.stem for path in directory.iterdir() if path.suffix in ENDINGS and not path.name.startswith("_"))


def load(directory: Path, name: str, blocking: Iterable[str] = ()) -> Plugin:
    """The plugin of that name; raises UnknownPluginError, or what its import raises."""
    for path in sorted(directory.glob(f"{name}.*")):
        if path.suffix in ENDINGS and path.stem == name:
            return Plugin(name, path, blocking=name in blocking)
    raise UnknownPluginError(f"{directory} holds no {name}.py")


def load_all(
    directory: Path, wanted: Iterable[str], blocking: Iterable[str], report: Callable[[str, BaseException], None]
) -> dict[str, Plugin]:
    """Every plugin that loads; for one that does not, `report`. Kong gets a 500 for it when it starts an instance."""
    loaded: dict[str, Plugin] = {}
    for name in wanted:
        try:
            loaded[name] = load(directory, name, blocking)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin's import may raise anything
            report(name, error)
    return loaded
