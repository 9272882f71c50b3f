"""The rooms keep their measure: no file too large, no function too long, and each plug-in has its test file."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ("gateline", "ext_authz", "kong_plugins", "bench")
GENERATED = {"pb"}
VAGUE = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "base", "impl", "core", "shared", "lib"}
# Room of plug-ins → the folder of its tests; `jwt.py` there is `test_jwt.py` here (or `test_jwt_….py`).
PLUG_INS = {
    "gateline/authn/methods": "tests/authn",
    "gateline/limit/algorithms": "tests/limit",
}


def files(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return [path for path in found if not GENERATED & set(path.relative_to(ROOT).parts)]


def size(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize(("folders", "most"), [(PRODUCT, 350), (("tests",), 450)], ids=["product", "tests"])
def test_no_file_is_too_large(folders: tuple[str, ...], most: int):
    assert {name(path): size(path) for path in files(*folders) if size(path) > most} == {}


def test_most_files_are_small():
    sizes = [size(path) for path in files(*PRODUCT) if path.name != "__init__.py"]
    assert statistics.median(sizes) <= 125
    assert sum(lines > 250 for lines in sizes) <= len(sizes) / 10


def test_no_function_is_too_long():
    long = {}
    for path in files(*PRODUCT):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                lines = node.end_lineno - node.lineno + 1
                if lines > 40:
                    long[f"{name(path)}:{node.lineno} {node.name}"] = lines
    assert long == {}


def test_every_file_says_what_it_is():
    silent = [name(path) for path in files(*PRODUCT) if ast.get_docstring(ast.parse(path.read_text())) is None]
    assert silent == []


def test_no_name_is_vague():
    assert [name(path) for path in files(*PRODUCT, "tests") if VAGUE & {*path.parts, path.stem}] == []


@pytest.mark.parametrize("room", list(PLUG_INS))
def test_each_plug_in_has_its_test_file(room: str):
    tests = {path.stem for path in (ROOT / PLUG_INS[room]).rglob("test_*.py")}
    stems = [path.stem for path in (ROOT / room).glob("*.py") if path.stem != "__init__"]
    assert stems
    assert [stem for stem in stems if not any(test.startswith(f"test_{stem}") for test in tests)] == []
