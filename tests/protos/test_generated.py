"""The generated messages are those of `protos/`, and nothing of ours is called `envoy`."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_committed_modules_are_what_the_protos_generate(tmp_path: Path) -> None:
    generate = runpy.run_path(str(ROOT / "protos" / "generate.py"))["generate"]
    generate(tmp_path)
    fresh = {p.relative_to(tmp_path): p.read_text() for p in tmp_path.rglob("*.py*") if p.suffix in {".py", ".pyi"}}
    folder = ROOT / "ext_authz" / "pb"
    committed = {p.relative_to(folder): p.read_text() for p in folder.rglob("*.py*") if p.suffix in {".py", ".pyi"}}
    assert fresh == committed, "run `make protos`"


def test_there_is_no_package_of_the_wheels_name() -> None:
    assert not (ROOT / "envoy").exists()
