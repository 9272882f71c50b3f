"""The fence: Lua in a bundled `post-function` that refuses a request without the verdicts of our plugins.

Over MsgPack:1 Kong lets a request through when the plugin server is away, hangs, or breaks on a byte; over ProtoBuf:1
the fence is the second wall.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

MARK: Final = "-- gateline fence, version "
LINE_CHARACTERS: Final = 200
PLUGINS: Final = ("gateline-jwt", "gateline-key-auth", "gateline-policy", "gateline-rate-limit", "traffic-split")


def verdict_key(plugin: str) -> str:
    """The name in `kong.ctx.shared`: `gateline-key-auth` writes `gateline_key_auth`."""
    return "gateline_" + plugin.removeprefix("gateline-").replace("-", "_")


def fence_lua(plugins: Collection[str], routes: Mapping[str, Collection[str]] | None = None) -> str:
    """The Lua of a fence that expects these plugins on every request, and more of them on some routes (by name)."""
    expected = ", ".join(quoted(verdict_key(plugin)) for plugin in sorted(plugins))
    more = ", ".join(
        f"[{quoted(route)}] = {{ {', '.join(quoted(verdict_key(plugin)) for plugin in sorted(names))} }}"
        for route, names in sorted((routes or {}).items())
    )
    return _shortened(_template().replace("--[[expected]]", expected).replace("--[[more]]", more))


def is_fence(lua: object) -> bool:
    """Whether an element of a post-function is a fence of ours, of this version or another."""
    return isinstance(lua, str) and lua.lstrip().startswith(MARK)


def quoted(text: str) -> str:
    """A Lua string. Names in Kong hold no control characters."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _shortened(lua: str) -> str:
    """The same Lua in few lines: the mark, then statements without comments. It is to be run, not to be read there."""
    mark, _, code = lua.partition("\n")
    lines, line = [mark], ""
    for part in (text.strip() for text in code.splitlines()):
        if not part or part.startswith("--"):
            continue
        if line and len(line) + len(part) > LINE_CHARACTERS:
            lines.append(line)
            line = ""
        line = f"{line} {part}" if line else part
    return "\n".join([*lines, line]) + "\n"


@cache
def _template() -> str:
    return files(__package__).joinpath("fence.lua").read_text(encoding="utf-8")
