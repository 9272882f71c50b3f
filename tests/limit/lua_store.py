"""A store whose scripts run on LuaJIT, with a clock that a test sets: Redis as far as our script needs it."""

from __future__ import annotations

from typing import Any

from lupa.luajit21 import LuaRuntime

from gateline.effects import Charge
from gateline.limit.script import charge_script
from gateline.limit.verdict import Verdict

START_US = 1_790_000_000_000_000


class LuaStore:
    """Runs the charge script."""

    def __init__(self) -> None:
        self.forgets = True
        self.now_us = 0
        self.values: dict[str, Any] = {}
        self.ends_us: dict[str, int] = {}
        self._lua = LuaRuntime(unpack_returned_tuples=True)
        self._lua.globals().redis = self._lua.table(call=self._call)
        self._run = self._lua.eval(f"function(KEYS, ARGV) {charge_script()} end")

    def clear(self, *, forgets: bool = True) -> None:
        """Begin anew; `forgets` is whether keys expire."""
        self.values.clear()
        self.ends_us.clear()
        self.now_us = START_US
        self.forgets = forgets

    def charge(self, charges: tuple[Charge, ...]) -> list[Verdict]:
        """One charge at `now_us`."""
        arguments: list[str] = []
        for charge in charges:
            arguments += [charge.algorithm, str(charge.cost), str(len(charge.figures)), *map(str, charge.figures)]
        table = self._lua.table_from
        reply = list(self._run(table([c.key for c in charges]), table(arguments)).values())
        assert int(reply.pop(0)) == self.now_us
        numbers = list(map(int, reply))
        return [
            Verdict(bool(numbers[at]), numbers[at + 1], numbers[at + 2], numbers[at + 3])
            for at in range(0, len(numbers), 4)
        ]

    def _call(self, command: str, key: str = "", *rest: Any) -> Any:
        over = [name for name, end in self.ends_us.items() if end <= self.now_us]
        for name in over if self.forgets else ():
            del self.values[name], self.ends_us[name]
        return getattr(self, f"_{command.lower()}")(key, *rest)

    def _time(self, _: str) -> Any:
        return self._lua.table_from([str(self.now_us // 1_000_000), str(self.now_us % 1_000_000)])

    def _get(self, key: str) -> Any:
        return self.values.get(key, False)

    def _set(self, key: str, value: str, _: str, milliseconds: str) -> None:
        self.values[key] = value
        self._pexpire(key, milliseconds)

    def _pexpire(self, key: str, milliseconds: str) -> None:
        self.ends_us[key] = self.now_us + int(milliseconds) * 1000

    def _lindex(self, key: str, index: float) -> Any:
        entries = self.values.get(key, [])
        return entries[int(index)] if -len(entries) <= index < len(entries) else False

    def _llen(self, key: str) -> int:
        return len(self.values.get(key, []))

    def _ltrim(self, key: str, first: float, _: float) -> None:
        self.values[key] = self.values[key][int(first) :]
        if not self.values[key]:
            del self.values[key]
            self.ends_us.pop(key, None)

    def _rpush(self, key: str, value: str) -> None:
        self.values.setdefault(key, []).append(value)
