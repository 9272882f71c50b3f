"""`envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit`: the limits of `domains:`.

Route limits are never charged here: Check does that. Without a store the call itself fails (UNAVAILABLE), and Envoy's
`failure_mode_deny` decides, since the protocol has no answer for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError

from ext_authz.pb.envoy.extensions.common.ratelimit.v3.ratelimit_pb2 import RateLimitDescriptor
from ext_authz.pb.envoy.service.ratelimit.v3.rls_pb2 import RateLimitRequest
from ext_authz.pb.envoy.type.v3.ratelimit_unit_pb2 import RateLimitUnit
from ext_authz.rate_limit_answer import answer_bytes
from ext_authz.rate_limit_single import Single, single_of
from ext_authz.rpc import Call, Handler, RpcError, Status
from gateline.effects import Answer, TakeReply
from gateline.limit.domain_plan import Asked, Plan
from gateline.limit.domain_rules import DomainRules
from gateline.runtime.engine import Engine
from gateline.values.errors import UnavailableError
from gateline.values.headers import to_text

METHOD = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit"
KEPT_PLANS = 8192
# Told of each answer: the domain, and `ok`, `over_limit` or `unavailable`.
Observe = Callable[[str, str], None]


def rate_limit_handler(
    engine: Engine, now_unix_s: Callable[[], float], observe: Observe = lambda _domain, _outcome: None
) -> Handler:
    """The handler of ShouldRateLimit."""
    return _ShouldRateLimit(engine, now_unix_s, observe)


class _Known(NamedTuple):
    """A call that was seen before: its plan, and the short way to its answer where there is one."""

    domain: str
    plan: Plan
    single: Single | None


class _ShouldRateLimit:
    """Keeps the plan of each distinct call, since a proxy repeats them, until the policy changes."""

    def __init__(self, engine: Engine, now_unix_s: Callable[[], float], observe: Observe) -> None:
        self._engine = engine
        self.now_unix_s = now_unix_s
        self.observe = observe
        self._plans: dict[bytes, _Known] = {}
        self._rules: DomainRules | None = None

    def __call__(self, data: bytes, call: Call) -> bytes | None:
        engine, rules = self._engine, self._engine.pipeline.snapshot.domains
        if rules is not self._rules:
            self._rules = rules
            self._plans.clear()
        found = self._plans.get(data)
        if found is None:
            found = _read(data, rules)
            if len(self._plans) >= KEPT_PLANS:
                self._plans.clear()
            self._plans[data] = found
        plan = found.plan
        waiting = _Waiting(self, rules, found, call)
        within_s, timeout_s = rules.within_s, call.timeout_s
        deadline_s = engine.clock() + (within_s if timeout_s is None else min(within_s, timeout_s))
        for index, take in enumerate(plan.takes):
            engine.world.perform(take, deadline_s, waiting.into(index))
        return waiting.now()


class _Waiting:
    """One call and the replies that it waits for."""

    __slots__ = ("_call", "_inline", "_known", "_left", "_replies", "_rules", "_service")

    def __init__(self, service: _ShouldRateLimit, rules: DomainRules, known: _Known, call: Call) -> None:
        self._service = service
        self._rules = rules
        self._known = known
        self._call = call
        self._left = len(known.plan.takes)
        self._replies: list[Any] = [None] * self._left
        self._inline = True

    def into(self, index: int) -> Callable[[Answer], None]:
        def came(answer: Answer) -> None:
            self._replies[index] = answer
            self._left -= 1
            if self._left == 0 and not self._inline:
                self._later()

        return came

    def now(self) -> bytes | None:
        """The answer where nothing has to be waited for."""
        self._inline = False
        return self._answer() if self._left == 0 else None

    def _later(self) -> None:
        try:
            self._call.answer(self._answer())
        except RpcError as error:
            self._call.fail(error.status, error.message)

    def _answer(self) -> bytes:
        service, rules, known = self._service, self._rules, self._known
        if known.single is not None and isinstance(self._replies[0], TakeReply):
            level = self._replies[0].levels[0]
            service.observe(known.domain, "ok" if level.allowed else "over_limit")
            return known.single(level, service.now_unix_s())
        try:
            judged = known.plan.judge(self._replies)
        except UnavailableError as error:
            service.observe(known.domain, "unavailable")
            raise RpcError(Status.UNAVAILABLE, "the store of the limits is unavailable") from error
        over = any(one.over for one in judged)
        service.observe(known.domain, "over_limit" if over else "ok")
        headers = rules.headers(known.plan, judged, service.now_unix_s())
        return answer_bytes(judged, headers, shadow=rules.shadow)


def _read(data: bytes, rules: DomainRules) -> _Known:
    try:
        request = RateLimitRequest.FromString(data)
    except DecodeError as error:
        raise RpcError(Status.INVALID_ARGUMENT, "not a RateLimitRequest") from error
    if not request.domain or not request.descriptors:
        raise RpcError(Status.INVALID_ARGUMENT, "a domain and a descriptor are required")
    # rls.proto: a request's own hits_addend of 0 is one that was not set, and means 1.
    default = request.hits_addend or 1
    asked = [_asked(descriptor, default) for descriptor in request.descriptors]
    plan = rules.plan(request.domain, asked)
    return _Known(request.domain, plan, None if rules.shadow else single_of(plan, rules.form))


def _asked(descriptor: RateLimitDescriptor, default: int) -> Asked:
    if descriptor.is_negative_hits:
        raise RpcError(Status.INVALID_ARGUMENT, "is_negative_hits is not supported: nothing is given back")
    entries = tuple((to_text(entry.key), to_text(entry.value)) for entry in descriptor.entries)
    hits = descriptor.hits_addend.value if descriptor.HasField("hits_addend") else default
    if not descriptor.HasField("limit"):
        return Asked(entries, hits)
    unit = RateLimitUnit.Name(descriptor.limit.unit).lower()
    if unit == "unknown":
        raise RpcError(Status.INVALID_ARGUMENT, "a limit without a unit")
    return Asked(entries, hits, (descriptor.limit.requests_per_unit, unit))
