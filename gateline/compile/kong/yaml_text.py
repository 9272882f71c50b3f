"""A compiled Kong configuration as YAML that is meant to be read."""

from __future__ import annotations

from typing import Any

import yaml

from gateline.config.load import Loaded

_HEAD = """\
# Compiled from {file} (revision {revision}) by `gateline compile kong`: change that file, not this one.
# Kong needs gateline-policy among its `plugins`, and a plugin server that offers it: see docs/kong.md.
"""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # PyYAML's signature
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Texts of several lines as blocks."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def render(data: dict[str, Any], loaded: Loaded) -> str:
    """The file's text."""
    head = _HEAD.format(file=loaded.file, revision=loaded.revision)
    return head + yaml.dump(data, Dumper=_Dumper, sort_keys=False, width=4096, allow_unicode=True)
