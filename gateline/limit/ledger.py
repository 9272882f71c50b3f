"""A charge point without a store: the twin of `charge.lua` over plain states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateline.effects import Charge
from gateline.limit.verdict import Algorithm, State, Verdict

Kept = list[tuple[str, State, int]]


def settle(
    charges: Sequence[Charge], states: Sequence[State], now_us: int, algorithms: Mapping[str, Algorithm]
) -> tuple[list[Verdict], Kept]:
    """Check every bucket and charge all or none.

    Returns the verdicts in order, and what to keep: key, new state, and the microsecond when it may be forgotten.
    """
    verdicts: list[Verdict] = []
    after: list[State] = []
    for charge, state in zip(charges, states, strict=True):
        new, verdict = algorithms[charge.algorithm].take(state, now_us, charge.figures, charge.cost)
        verdicts.append(verdict)
        after.append(new)
    everyone = all(verdict.allowed for verdict in verdicts)
    kept: Kept = []
    for index, charge in enumerate(charges):
        verdict = verdicts[index]
        if verdict.allowed and not everyone:
            look = algorithms[charge.algorithm].take(states[index], now_us, charge.figures, 0)[1]
            verdicts[index] = look
        elif charge.cost:
            # A refusal's state is kept as well: a fixed window closes.
            kept.append((charge.key, after[index], now_us + verdict.reset_us))
    return verdicts, kept
