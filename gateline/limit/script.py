"""The one script of a charge point: the algorithms' fragments, then `charge.lua`."""

from __future__ import annotations

from importlib.resources import files

from gateline.limit.catalogue import catalogue

_HEAD = """-- A server runs all of this for each charge: of the algorithms, only the one that is asked for is made.
local function algorithm(name)
"""


def charge_script() -> str:
    """Lua for EVAL; its keys, arguments and reply are told in `charge.lua`."""
    room = files("gateline.limit")
    parts = [_HEAD]
    for tag in catalogue():
        fragment = room.joinpath("algorithms", f"{tag}.lua").read_text(encoding="utf-8")
        parts.append(f"if name == '{tag}' then\n{fragment}end\n")
    parts.append("end\n")
    parts.append(room.joinpath("charge.lua").read_text(encoding="utf-8"))
    return "".join(parts)
