"""How a limit stands for one request, as the client is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Standing:
    """`limit` requests in `window_s` seconds (0: a month), `remaining` of them left.

    `reset_s` is when there is more again: where the limit refused, when the same request would pass.
    """

    policy: str
    limit: int
    window_s: int
    remaining: int
    reset_s: float
    refused: bool = False
