"""What the pipeline answers: `Allow`, `Deny`, `Reply` or `Unavailable`. `Allow` is built in `pipeline.run` alone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from gateline.values.codes import CODES
from gateline.values.found_route import FoundRoute
from gateline.values.headers import Pair
from gateline.values.identity import Identity
from gateline.values.limit import Limits


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal as RFC 9457 has it. `why` is for logs and `explain`: it never reaches the client."""

    code: str
    why: str = ""

    @property
    def status(self) -> int:
        """HTTP's status of the code."""
        return CODES[self.code].status

    @property
    def title(self) -> str:
        """One sentence for people."""
        return CODES[self.code].title

    def body(self, request_id: str) -> bytes:
        """The `application/problem+json` document."""
        return json.dumps(
            {
                "type": f"urn:gateline:problem:{self.code}",
                "title": self.title,
                "status": self.status,
                "code": self.code,
                "request_id": request_id,
            }
        ).encode()


@dataclass(slots=True)
class RequestEdits:
    """Edits of the request before it goes on. `remove` never holds a name that `set` holds.

    `encoded` is the adapter's, and nobody writes to the rest: one identity gets the same edits again and again.
    """

    set: tuple[Pair, ...] = ()
    remove: tuple[str, ...] = ()
    encoded: bytes | None = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class Allow:
    """Let it pass. `upstream` names where to when the policy chose; `metadata` is for the proxy's own log: the
    route, where the proxy did not name it.

    The client is told `response_headers`, and how its `limits` stand.

    Several requests may get the same one, so nobody writes to it. It is not frozen, since one of five fields costs four
    times as much then (8,800 instructions against 2,200), and a request with a limit has one of its own.
    """

    identity: Identity | None = None
    request_edits: RequestEdits = field(default_factory=RequestEdits)
    response_headers: tuple[Pair, ...] = ()
    upstream: str | None = None
    metadata: FoundRoute | None = None
    limits: Limits | None = None


@dataclass(frozen=True, slots=True)
class Deny:
    """The policy refuses."""

    problem: Problem
    headers: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """The policy answers by itself (cache, composition)."""

    status: int
    headers: tuple[Pair, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The policy could not judge: its own infrastructure failed. Never a denial, never an allow."""

    problem: Problem
    headers: tuple[Pair, ...] = (("retry-after", "1"),)


Refusal = Deny | Unavailable
Decision = Allow | Deny | Reply | Unavailable


def deny(code: str, why: str = "", headers: tuple[Pair, ...] = ()) -> Deny:
    """A denial with a code of the table."""
    return Deny(Problem(code, why), headers)


def unavailable(code: str, why: str) -> Unavailable:
    """An `Unavailable` with a code of the table."""
    return Unavailable(Problem(code, why))
