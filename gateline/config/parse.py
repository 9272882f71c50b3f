"""YAML 1.2's core schema to plain data, with the line of every value.

Plain YAML only: no tags, no merge keys, no duplicate keys, and bounded in nodes (an alias counts each time it is used).
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

import yaml

from gateline.values.errors import ConfigError, Fault, Path

MAX_NODES = 2_000_000
MAX_DEPTH = 64
Lines = dict[Path, int]

_PARENT: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_PARENT):  # type: ignore[misc]  # the C loader where libyaml is there
    """Resolves `off`, `yes` and `12:30` as the strings that they are in YAML 1.2."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first))

_SCALARS: dict[str, Any] = {
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:null": lambda _: None,
    "tag:yaml.org,2002:bool": lambda text: text[0] in "tT",
    "tag:yaml.org,2002:int": lambda text: int(text, 0 if text[:2] in ("0o", "0x") else 10),
    "tag:yaml.org,2002:float": float,
}


def parse(text: str, file: str) -> tuple[Any, Lines]:
    """The document's data, and the line (from 1) of each of its paths."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ConfigError([Fault((), f"is not YAML: {error.problem}", line, file)]) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError([Fault((), f"is not YAML: {error}", 0, file)]) from error
    if node is None:
        raise ConfigError([Fault((), "is empty", 1, file)])
    walk = _Walk(file)
    return walk.value(node, ()), walk.lines


class _Walk:
    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: Lines = {}

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if len(self.lines) > MAX_NODES or len(path) > MAX_DEPTH:
            raise self._error(node, path, "is too large or too deep")
        if isinstance(node, yaml.MappingNode):
            if node.tag != "tag:yaml.org,2002:map":
                raise self._error(node, path, f"has the tag {node.tag}: plain YAML only")
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            if node.tag != "tag:yaml.org,2002:seq":
                raise self._error(node, path, f"has the tag {node.tag}: plain YAML only")
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        make = _SCALARS.get(node.tag)
        if make is None:
            raise self._error(node, path, f"has the tag {node.tag}: plain YAML only")
        return make(node.value)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None:
                raise self._error(key_node, path, "has a key that is not text")
            if key in data:
                raise self._error(key_node, (*path, key), "stands here twice")
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            data[key] = self.value(value_node, (*path, key))
        return data

    def _error(self, node: yaml.Node, path: Path, message: str) -> ConfigError:
        return ConfigError([Fault(path, message, node.start_mark.line + 1, self.file)])
