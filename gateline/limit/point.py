"""A charge point: every bucket that a request has there, checked and charged by one effect.

Rules in shadow travel beside them as an effect of their own, since they must not refuse what the others let pass.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from gateline.context import Context
from gateline.effects import Answer, Effects, Level, Take, TakeReply
from gateline.limit.buckets import BucketsOf
from gateline.limit.headers import NAMES, Form, limit_headers, retry_after
from gateline.limit.rule import Bucket
from gateline.values.decision import Deny, Unavailable, deny, unavailable
from gateline.values.errors import UnavailableError
from gateline.values.headers import Pair

Outcome = Deny | Unavailable | None
Asking = Generator[Effects, Any, Outcome]


@dataclass(frozen=True, slots=True)
class ChargePoint:
    """`within_s` is the store's budget, `form` how clients are told."""

    buckets: Sequence[BucketsOf]
    within_s: float
    form: Form

    def __call__(self, context: Context) -> Asking | None:
        """The step."""
        found = [bucket for buckets in self.buckets for bucket in buckets(context)]
        return self._charge(context, found) if found else None

    def _charge(self, context: Context, found: list[Bucket]) -> Asking:
        shadowed = [bucket for bucket in found if bucket.rule.shadow]
        enforced = [bucket for bucket in found if not bucket.rule.shadow] if shadowed else found
        groups = [group for group in (enforced, shadowed) if group]
        answers: tuple[Answer, ...] = yield tuple([self._take(group) for group in groups])
        outcome: Outcome = None
        for group, answer in zip(groups, answers, strict=True):
            if isinstance(answer, UnavailableError):
                judged = yield from self._without_store(context, group, answer)
            else:
                judged = self._told(context, group, answer)
            if group is enforced:
                outcome = judged
            elif judged is not None:
                context.would = context.would or judged
                context.explain(f"in shadow: would be {judged.problem.code}")
        return outcome

    def _without_store(self, context: Context, group: list[Bucket], error: UnavailableError) -> Asking:
        """Each rule has its own way; one that denies decides, since all must pass."""
        for bucket in group:
            if bucket.rule.limit.on_failure == "deny":
                return unavailable("dependency_unavailable", f"limit {bucket.policy}: {error}")
        for bucket in group:
            context.fallbacks += (f"{bucket.rule.limit.on_failure}:{bucket.policy}",)
            context.explain(f"limit {bucket.policy}: {error}; on_failure is {bucket.rule.limit.on_failure}")
        local = [bucket for bucket in group if bucket.rule.limit.on_failure == "local"]
        if not local:
            return None
        (answer,) = yield (self._take(local, local=True),)
        if isinstance(answer, UnavailableError):
            return unavailable("dependency_unavailable", str(answer))
        return self._told(context, local, answer)

    def _take(self, group: list[Bucket], *, local: bool = False) -> Take:
        return Take(tuple(bucket.charge for bucket in group), self.within_s, local)

    def _told(self, context: Context, group: list[Bucket], reply: TakeReply) -> Outcome:
        """The outcome of a charge, and what the client is told of it."""
        levels = reply.levels
        if context.notes is not None:
            for bucket, level in zip(group, levels, strict=True):
                context.explain(_line(bucket, level))
        allowed = reply.allowed
        if group[0].rule.shadow:
            return None if allowed else _denied(group, levels, ())
        now = context.request.now
        # -1: not known, since the answer came from what this process remembers of another bucket.
        known = [bucket.standing(level) for bucket, level in zip(group, levels, strict=True) if level.remaining >= 0]
        standings = context.standings = (*context.standings, *known)
        headers = limit_headers(standings, now, self.form)
        if not allowed:
            return _denied(group, levels, (*headers, retry_after(standings, now)))
        if headers:
            kept = [pair for pair in context.response_headers if pair[0] not in NAMES]
            context.response_headers = (*kept, *headers)
        return None


def _denied(group: Sequence[Bucket], levels: Sequence[Level], headers: tuple[Pair, ...]) -> Deny:
    """A denial by the code of the bucket that refuses for longest."""
    refused = [(bucket, level) for bucket, level in zip(group, levels, strict=True) if not level.allowed]
    code = max(refused, key=lambda pair: pair[1].retry_after_s)[0].code
    return deny(code, "; ".join(_line(bucket, level) for bucket, level in refused), headers)


def _line(bucket: Bucket, level: Level) -> str:
    """For `explain` and the log."""
    if level.allowed:
        return f"{bucket.policy}: {level.remaining} of {bucket.limit} left"
    return f"{bucket.policy}: none of {bucket.limit} left for {level.retry_after_s:.3f} s"
