"""How long a charge waits at most while its Valkey is killed or paused under load, and how soon it passes again.

`python -m bench.outage [ROUNDS]`: the load of the tests, which allow ten times the budget; here the figures themselves.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import uvloop

from tests.stores.test_trouble import BUDGET_S, Load, under_load
from tests.stores.valkey import running

ROUNDS = 3


def measured(away: str, back: str) -> tuple[Load, float]:
    """One outage: the load that went through it, and the seconds from the server's return to the end of the round."""
    returned: list[float] = []
    with running() as valkey:

        def come_back() -> None:
            getattr(valkey, back)()
            returned.append(time.monotonic())

        leave: Callable[[], None] = getattr(valkey, away)
        load = uvloop.run(under_load(valkey, leave, come_back))
        return load, time.monotonic() - returned[0]


def main() -> None:
    """Print the median and the worst of each kind of outage."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    print(f"budget {BUDGET_S * 1000:.0f} ms, a charge every 2 ms, {rounds} rounds")
    for away, back in (("pause", "resume"), ("kill", "start")):
        runs = [measured(away, back) for _ in range(rounds)]
        longest = [load.longest_s * 1000 for load, _ in runs]
        again = [seconds for _, seconds in runs]
        print(
            f"{away:6} longest wait {statistics.median(longest):.0f} ms (worst {max(longest):.0f}); "
            f"passing again, with 20 charges more, {statistics.median(again):.2f} s after its return"
        )


if __name__ == "__main__":
    main()
