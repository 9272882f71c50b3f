"""Gateways for the compiler's tests."""

from __future__ import annotations

import textwrap
from pathlib import Path

from gateline.config.load import Loaded, load_text
from gateline.schema.secret import Sources

ROOT = Path(__file__).parents[2]


def gateway(text: str, folder: Path = Path()) -> Loaded:
    """A gateway from the text of its file, without the version."""
    return load_text("version: 1\n" + textwrap.dedent(text), "gateline.yaml", Sources(folder, {}))
