"""Writes a compiled configuration as YAML."""

from __future__ import annotations

import json
from typing import Any

from gateline.config.load import Loaded


def render(config: dict[str, Any], loaded: Loaded) -> str:  # noqa: ARG001
    """The whole file."""
    return json.dumps(config, indent=1)
