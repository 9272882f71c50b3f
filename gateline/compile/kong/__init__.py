"""Compiles a gateway to Kong's declarative configuration, and fences the Python plugins of a foreign one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gateline.config.load import Loaded

__all__ = ["compile_kong", "render_yaml"]


def compile_kong(loaded: Loaded, file: str | None = None) -> dict[str, Any]:
    """Kong's declarative configuration as plain data, the same for the same input.

    `file` is the path under which the plugin server finds the gateway file. `ConfigError` names the line of what Kong
    cannot do.
    """
    from gateline.compile.kong.declarative import declarative  # noqa: PLC0415  # the plugins use this package's fence
    from gateline.compile.plan import plan  # noqa: PLC0415

    return declarative(plan(loaded), file or str(Path(loaded.file).absolute()))


def render_yaml(loaded: Loaded, file: str | None = None) -> str:
    """The same as YAML that is meant to be read."""
    from gateline.compile.kong.yaml_text import render  # noqa: PLC0415

    return render(compile_kong(loaded, file), loaded)
