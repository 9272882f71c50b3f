"""How limits stand for one request, as the client is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Form = Literal["both", "draft", "legacy", "off"]


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


class Limits(NamedTuple):
    """What a client is to be told: the adapter makes fields of it, in this form (`gateline.limit.headers`)."""

    standings: tuple[Standing, ...]
    now_unix_s: float
    form: Form
