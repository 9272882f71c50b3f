"""The repository's own envoy.yaml is the compiler's output for its own gateline.yaml."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from gateline.compile.envoy import compile_envoy, render_yaml
from gateline.config.load import Loaded, load
from tests.compile.envoy_process import validate
from tests.compile.gateways import ROOT


def demo(folder: Path) -> Loaded:
    """The demo's gateway with no API keys yet: they are made on first use, and no part of the configuration."""
    shutil.copy(ROOT / "gateline.yaml", folder)
    (folder / ".gateline").mkdir()
    (folder / ".gateline" / "api_keys.yaml").touch()
    return load(folder / "gateline.yaml", {})


def test_it_is_up_to_date(tmp_path: Path) -> None:
    expected = render_yaml(demo(tmp_path))
    assert (ROOT / "envoy.yaml").read_text() == expected, "stale: run `make generated`"


def test_it_says_what_the_compiler_says_and_envoy_takes_it(tmp_path: Path) -> None:
    text = (ROOT / "envoy.yaml").read_text()
    assert yaml.safe_load(text) == compile_envoy(demo(tmp_path))
    assert validate(ROOT / "envoy.yaml") == ""
