"""Durations on the command line: 30s, 15m, 1h, 7d."""

from __future__ import annotations

import re

import click

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class _Duration(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    name = "duration"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Seconds."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(-?[0-9]{1,9})([smhd])", value)
        if found is None:
            self.fail(f"{value!r} is no duration like 30s, 15m, 1h or 7d", param, ctx)
        return int(found[1]) * _UNITS_S[found[2]]


DURATION = _Duration()
