"""ShouldRateLimit on an engine of a few lines, counted in memory on a clock that a test sets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ext_authz.pb.envoy.service.ratelimit.v3.rls_pb2 import RateLimitRequest, RateLimitResponse
from ext_authz.rate_limit import rate_limit_handler
from ext_authz.rpc import Status
from gateline.config.load import load_data
from gateline.effects import Answer, Effect, Take
from gateline.runtime.engine import Engine
from gateline.runtime.memory_store import MemoryStore
from gateline.schema.secret import Sources
from gateline.values.errors import UnavailableError

NOW = 1_790_000_000.25
Entries = list[tuple[str, str]]


def request(domain: str, *descriptors: Entries | dict[str, Any], hits: int = 0) -> RateLimitRequest:
    """A call; a descriptor is its entries, or a dict with more fields."""
    message = RateLimitRequest(domain=domain, hits_addend=hits)
    for descriptor in descriptors:
        fields = descriptor if isinstance(descriptor, dict) else {"entries": descriptor}
        added = message.descriptors.add()
        for key, value in fields["entries"]:
            added.entries.add(key=key.encode(), value=value.encode())
        if "hits" in fields:
            added.hits_addend.value = fields["hits"]
        if "limit" in fields:
            added.limit.requests_per_unit, added.limit.unit = fields["limit"]
        added.is_negative_hits = fields.get("negative", False)
    return message


class RecordedCall:
    """What became of a call that was answered later."""

    def __init__(self) -> None:
        self.answered: bytes | None = None
        self.failed: tuple[Status, str] | None = None
        self.timeout_s: float | None = None

    def answer(self, message: bytes) -> None:
        self.answered = message

    def fail(self, status: Status, message: str) -> None:
        self.failed = (status, message)

    def on_cancel(self, callback: Callable[[], None]) -> None:
        pass


class Service:
    """`away` makes the store fail; `held` keeps its answers back until `release`."""

    def __init__(self, *domains: dict[str, Any], **gateway: Any) -> None:
        data = {"version": 1, "domains": list(domains), **gateway}
        self.now = NOW
        self.away = self.held = False
        self.takes: list[Take] = []
        self.outcomes: list[tuple[str, str]] = []
        self._store = MemoryStore(lambda: int(self.now * 1e6))
        self._waiting: list[Callable[[], None]] = []
        self.engine = Engine(load_data(data, "gateline.yaml", {}, Sources(Path(), {})), self, lambda: 0.0)
        self.handler = rate_limit_handler(self.engine, lambda: self.now, lambda *o: self.outcomes.append(o))

    def perform(self, effect: Effect, deadline_s: float, done: Callable[[Answer], None]) -> None:
        """See `World`."""
        assert isinstance(effect, Take)
        self.takes.append(effect)
        answer: Answer = UnavailableError("store") if self.away else self._store.take(effect.charges)
        if self.held:
            self._waiting.append(lambda: done(answer))
        else:
            done(answer)

    def release(self) -> None:
        """Let the held answers go."""
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one()

    def ask(self, domain: str, *descriptors: Entries | dict[str, Any], hits: int = 0) -> RateLimitResponse:
        """The response to a call."""
        call = RecordedCall()
        answer = self.handler(request(domain, *descriptors, hits=hits).SerializeToString(), call)
        assert answer is not None
        response = RateLimitResponse.FromString(answer)
        # What we write by hand is what protobuf would have written.
        assert response.SerializeToString(deterministic=True) == answer
        return response


def descriptor(key: str, requests: int, unit: str = "minute", **fields: Any) -> dict[str, Any]:
    """A descriptor of one level."""
    limit = {"requests_per_unit": requests, "unit": unit, **fields.pop("limit", {})}
    return {"key": key, "rate_limit": limit, **fields}
