"""Changes a YAML file where it has to change, and leaves every other line as its author wrote it."""

from __future__ import annotations

from collections.abc import Callable
from difflib import SequenceMatcher
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.scalarstring import LiteralScalarString
from ruamel.yaml.util import load_yaml_guess_indent

from gateline.values.errors import ConfigError, Fault


def edited(text: str, file: str, change: Callable[[Any], None]) -> str:
    """The text after `change` was made to its document; comments, quotes and spacing stay."""
    try:
        _, indent, offset = load_yaml_guess_indent(text)
        document, before = _load(text), _load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ConfigError([Fault((), f"is not YAML: {error.problem}", line, file)]) from error
    if not isinstance(document, dict):
        raise ConfigError([Fault((), "is no declarative configuration of Kong", 1, file)])
    change(document)
    _literal(document)
    return merged(_dump(before, indent, offset), text, _dump(document, indent, offset))


def merged(base: str, original: str, changed: str) -> str:
    """The changes from `base` to `changed`, made to `original`, which says the same as `base` in its own way."""
    if base == original:
        return changed
    source, old, new = original.splitlines(True), base.splitlines(True), changed.splitlines(True)
    places: dict[int, int] = {}
    for block in SequenceMatcher(None, old, source, autojunk=False).get_matching_blocks():
        places.update((block.a + step, block.b + step) for step in range(block.size + 1))
    for tag, start, end, new_start, new_end in reversed(SequenceMatcher(None, old, new, autojunk=False).get_opcodes()):
        if tag == "equal":
            continue
        if start not in places or end not in places:
            return changed
        source[places[start] : places[end]] = new[new_start:new_end]
    return "".join(source)


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    return yaml


def _load(text: str) -> Any:
    return _yaml().load(text)


def _dump(document: Any, indent: int | None, offset: int | None) -> str:
    yaml = _yaml()
    sequence, dash = indent or 2, offset or 0
    yaml.indent(mapping=max(2, sequence - dash), sequence=sequence, offset=dash)
    out = StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def _literal(node: Any) -> None:
    """Texts of several lines that were put in are written as blocks."""
    items = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    for key, value in items:
        if type(value) is str and "\n" in value:
            node[key] = LiteralScalarString(value)
        else:
            _literal(value)
