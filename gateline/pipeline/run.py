"""Runs a request through its route's steps. `Allow` is built here and nowhere else.

`Pipeline.decide` answers a `Decision` at once, or a `Pending` where a step waits for the world: a driver performs
`pending.effects` and calls `resume` with the answers, until a decision comes. Whatever goes wrong in between (an
exception, a wrong answer, `give_up`) ends in `Unavailable`: the one way to `Allow` leads through every step.
"""

from __future__ import annotations

from collections.abc import Callable
from types import GeneratorType
from typing import Any

from gateline.context import Context
from gateline.effects import Answer, Asking, Effect, Effects
from gateline.pipeline.build import Snapshot
from gateline.pipeline.notes import begin, chosen, note_end, shadowed
from gateline.pipeline.step import BuiltRoute, Outcome
from gateline.sanitise.client_address import client_address
from gateline.sanitise.path import check_path
from gateline.values.decision import (
    Allow,
    Decision,
    Deny,
    Reply,
    RequestEdits,
    Unavailable,
    deny,
    unavailable,
)
from gateline.values.errors import UnavailableError
from gateline.values.found_route import FoundRoute
from gateline.values.headers import Pair
from gateline.values.identity import MAX_MEMOS
from gateline.values.limit import Limits
from gateline.values.request import Request

# Of what is remembered of paths and routes: how many, and how long.
MAX_TARGETS = 16_384
MAX_TARGET = 256

# Told once per decision, after it is made: the log, metrics.
Observer = Callable[[Context], None]


def ignore(_: Context) -> None:
    """An observer that looks away."""


class Pending:
    """A decision that waits for the answers to `effects`. Use it once: `resume` or `give_up`."""

    __slots__ = ("_asking", "_context", "_next", "_pipeline", "_route", "effects", "single")

    effects: tuple[Effect, ...]
    single: bool

    def __init__(self, pipeline: Pipeline, context: Context, route: BuiltRoute, index: int, asking: Asking) -> None:
        self._pipeline = pipeline
        self._context = context
        self._route = route
        self._next = index
        self._asking = asking

    @property
    def check_s(self) -> float:
        """How long the whole decision may take."""
        return self._route.check_s

    def start(self) -> Decision | Pending:
        """Run to the first effect."""
        return self._advance(self._asking.send, None)

    def resume(self, answers: tuple[Answer, ...]) -> Decision | Pending:
        """Go on with one answer per effect, in order; an `UnavailableError` among them is that effect's failure."""
        if not self.single:
            return self._advance(self._asking.send, answers)
        answer = answers[0]
        if isinstance(answer, UnavailableError):
            return self._advance(self._asking.throw, answer)
        return self._advance(self._asking.send, answer)

    def give_up(self, why: str) -> Decision:
        """End as `Unavailable`: the check's own time is over, or the world is gone."""
        self._asking.close()
        return self._pipeline.finish(self._context, unavailable("dependency_unavailable", why))

    def _advance(self, move: Callable[[Any], Effects], value: Any) -> Decision | Pending:
        outcome: Any
        try:
            effects = move(value)
        except StopIteration as stop:
            outcome = stop.value
        except UnavailableError as error:
            outcome = unavailable("dependency_unavailable", str(error))
        except Exception as error:  # noqa: BLE001  # the law: no fault of a step is ever an allow
            outcome = broken(error)
        else:
            self.single = not isinstance(effects, tuple)
            self.effects = effects if isinstance(effects, tuple) else (effects,)
            return self
        return self._pipeline.after(self._context, self._route, self._next, outcome)


class Pipeline:
    """A policy that decides. It keeps nothing between requests but what follows from the policy alone."""

    __slots__ = ("_memo", "_observe", "_routed", "snapshot")

    def __init__(self, snapshot: Snapshot, observe: Observer = ignore) -> None:
        self.snapshot = snapshot
        self._observe = observe
        self._memo: dict[Any, Any] = {}
        # Where a request leads to, by its `_place`, where nothing else decides that.
        self._routed: dict[str | tuple[str, str], BuiltRoute] = {}

    def decide(self, request: Request, *, explain: bool = False) -> Decision | Pending:
        """Judge a request. With `explain`, the observer's context holds a note per step.

        First it is sanitised and its route found, then the route's own steps run.
        """
        snapshot = self.snapshot
        context = Context(request, snapshot.shadow, [] if explain else None)
        found: BuiltRoute | Deny | Unavailable
        try:
            context.step = "sanitise"
            context.client = client_address(request, snapshot.trusted_hops) if snapshot.trusted_hops else request.peer
            context.remove = snapshot.identity_headers.sent_by_client(request)
            target, named = request.target, request.route
            # As `_place`; and so on, as `check_path` and `chosen`, each of which costs a call.
            routed = self._routed.get(f"{request.method}\n{target}" if named is None else (named, target))
            if routed is None or explain:
                found = self._route(context)
            else:
                found = routed
                context.path = target.partition("?")[0] if "?" in target else target
                context.step = "route"
                context.route = found
                context.shadow = found.shadow
        except Exception as error:  # noqa: BLE001  # the law again
            found = broken(error)
        if isinstance(found, BuiltRoute):
            return self._walk(context, found, 0)
        return self.finish(context, found)

    def _route(self, context: Context) -> BuiltRoute | Deny | Unavailable:
        """Look at the path, and find the route unless the proxy names it."""
        snapshot, request = self.snapshot, context.request
        found: BuiltRoute | None = None
        if request.route is not None:
            begin(context, "route")
            found = snapshot.routes.get(request.route)
            if found is None:
                return unavailable("unknown_route", f"the policy has no route {request.route!r}")
            chosen(context, found)
        begin(context, "sanitise")
        refusal = check_path(context)
        if refusal is not None:
            return refusal
        lasting = True
        if found is None:
            begin(context, "route")
            found = snapshot.router.find(request, context.path) or snapshot.unmatched
            if found is None:
                return deny("no_route", f"no route for {request.method} {context.path}")
            chosen(context, found)
            lasting = snapshot.router.is_decided_by_path(context.path)
        # Nor is a path remembered that holds a line feed: it is refused.
        if lasting and len(request.target) <= MAX_TARGET and "\n" not in request.method:
            if len(self._routed) >= MAX_TARGETS:
                self._routed.clear()
            self._routed[_place(request)] = found
        return found

    def _walk(self, context: Context, route: BuiltRoute, index: int) -> Decision | Pending:
        """Run its steps from `index` on."""
        steps = route.steps
        explained = context.notes is not None
        for at in range(index, len(steps)):
            step = steps[at]
            if explained:
                begin(context, step.name, route.rules[at])
            else:
                context.step = step.name
            outcome: Any
            try:
                outcome = step.run(context)
            except Exception as error:  # noqa: BLE001  # the law again
                outcome = broken(error)
            if outcome is None:
                continue
            if type(outcome) is GeneratorType:
                return Pending(self, context, route, at, outcome).start()
            if not step.shadow:
                return self.finish(context, outcome)
            shadowed(context, outcome)
        return self._allow(context)

    def after(self, context: Context, route: BuiltRoute, index: int, outcome: Outcome) -> Decision | Pending:
        """Go on behind a step that asked for effects."""
        if outcome is None:
            return self._walk(context, route, index + 1)
        if not route.steps[index].shadow:
            return self.finish(context, outcome)
        shadowed(context, outcome)
        return self._walk(context, route, index + 1)

    def finish(self, context: Context, outcome: Deny | Unavailable | Reply) -> Decision:
        """End with an outcome that is no allow; anything but a refusal or a reply counts as a fault of its step."""
        if not isinstance(outcome, Deny | Unavailable | Reply):
            outcome = unavailable("internal_error", f"a step returned {type(outcome).__name__}, which is no outcome")
        if context.shadow:
            shadowed(context, outcome)
            return self._allow(context)
        if context.notes is not None:
            note_end(context, outcome)
        return self._end(context, outcome)

    def _allow(self, context: Context) -> Decision:
        """The one place where an `Allow` is made. In shadow it edits nothing, in either direction."""
        # A proxy that named the route is not told it: taking it in costs an Envoy 1 % of such a call.
        metadata = context.route if context.request.route is None else None
        if context.shadow:
            return self._end(context, Allow(metadata=metadata))
        if context.set_headers or context.remove or context.upstream:
            return self._end(context, self._edited(context, tuple(context.response_headers), metadata, context.limits))
        identity = context.identity
        memo = self._memo if identity is None else identity.memo
        allow = memo.get(self)
        if allow is None:
            allow = self._edited(context, ())
            if len(memo) >= MAX_MEMOS:
                memo.clear()
            memo[self] = allow
        # A bare one is the same for all routes that the proxy names.
        limits = context.limits
        if (limits is not None or metadata is not None or context.response_headers) and isinstance(allow, Allow):
            headers = tuple(context.response_headers)
            allow = Allow(identity, allow.request_edits, headers, None, metadata, limits)
        return self._end(context, allow)

    def _edited(
        self,
        context: Context,
        response_headers: tuple[Pair, ...],
        metadata: FoundRoute | None = None,
        limits: Limits | None = None,
    ) -> Allow | Deny:
        ours = self.snapshot.identity_headers.of(context.identity)
        if ours is None:
            return deny("forbidden", "the identity has a value that no header can carry")
        headers = (*context.set_headers, *ours)
        set_names = {name for name, _ in headers}
        removed = tuple(name for name in context.remove if name not in set_names)
        edits = RequestEdits(headers, removed)
        return Allow(context.identity, edits, response_headers, context.upstream, metadata, limits)

    def _end(self, context: Context, decision: Decision) -> Decision:
        context.decision = decision
        try:
            self._observe(context)
        except Exception as error:  # noqa: BLE001  # a log that fails is no reason to allow
            context.decision = decision = broken(error)
        return decision


def _place(request: Request) -> str | tuple[str, str]:
    """The route that the proxy names and the target, else method and target.

    These are one text, since each part of one of thousands must be fetched into the processor's cache.
    """
    return f"{request.method}\n{request.target}" if request.route is None else (request.route, request.target)


def broken(error: Exception) -> Unavailable:
    """The outcome of a step that failed. The message stays inside: it may quote what a client sent."""
    return unavailable("internal_error", f"{type(error).__name__} in {_where(error)}")


def _where(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace is not None else "a step"
