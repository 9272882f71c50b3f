"""A charge point: every bucket that a request has there, checked and charged by one effect.

Rules in shadow travel beside them as an effect of their own, since they must not refuse what the others let pass.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple

from gateline.context import Context
from gateline.effects import Answer, Effects, Level, Take, TakeReply
from gateline.limit.buckets import QuotaBuckets, RateBucket
from gateline.limit.headers import limit_headers, retry_after
from gateline.limit.rule import Bucket
from gateline.values.decision import Deny, Unavailable, deny, unavailable
from gateline.values.errors import UnavailableError
from gateline.values.headers import Pair
from gateline.values.identity import MAX_MEMOS
from gateline.values.limit import Form, Limits

MOST_ADDRESSES = 4096
Outcome = Deny | Unavailable | None
Asking = Generator[Effects, Any, Outcome]


class Group(NamedTuple):
    """Buckets that are charged together: all that are enforced, or all in shadow."""

    buckets: tuple[Bucket, ...]
    shadow: bool


class Charges(NamedTuple):
    """What somebody is charged at a point: a group for each effect."""

    groups: tuple[Group, ...]
    takes: tuple[Take, ...]


class ChargePoint:
    """The buckets of a charge point; `within_s` is the store's budget, `form` how clients are told.

    Which buckets somebody has follows from the identity and the address alone, so both are kept with what they had.
    """

    __slots__ = ("_buckets", "_form", "_of_nobody", "_some_in_shadow", "_within_s")

    def __init__(self, buckets: Sequence[RateBucket | QuotaBuckets], within_s: float, form: Form) -> None:
        self._buckets = tuple(buckets)
        self._some_in_shadow = any(bucket.rule.shadow for bucket in buckets)
        self._within_s = within_s
        self._form: Form = form
        self._of_nobody: dict[Any, Charges] = {}

    def __call__(self, context: Context) -> Asking | None:
        """The step."""
        identity = context.identity
        memo, most = (self._of_nobody, MOST_ADDRESSES) if identity is None else (identity.memo, MAX_MEMOS)
        key = (self, context.client)
        charges = memo.get(key)
        if charges is None:
            if len(memo) >= most:
                memo.clear()
            charges = memo[key] = self._charges([bucket for buckets in self._buckets for bucket in buckets(context)])
        return self._charge(context, charges) if charges.groups else None

    def _charges(self, found: list[Bucket]) -> Charges:
        if found and not self._some_in_shadow:
            return Charges((Group(tuple(found), False),), (self._take(found),))
        groups = []
        for shadow in (False, True):
            buckets = tuple([bucket for bucket in found if bucket.rule.shadow is shadow])
            if buckets:
                groups.append(Group(buckets, shadow))
        return Charges(tuple(groups), tuple([self._take(buckets) for buckets, _ in groups]))

    def _charge(self, context: Context, charges: Charges) -> Asking:
        answers: tuple[Answer, ...] = yield charges.takes
        groups = charges.groups
        if len(answers) != len(groups):
            raise _miscounted(groups, answers)
        outcome: Outcome = None
        for place, (buckets, shadow) in enumerate(groups):
            answer = answers[place]
            if isinstance(answer, UnavailableError):
                judged = yield from self._without_store(context, buckets, shadow, answer)
            else:
                judged = self._told(context, buckets, shadow, answer)
            if not shadow:
                outcome = judged
            elif judged is not None:
                context.would = context.would or judged
                context.explain(f"in shadow: would be {judged.problem.code}")
        return outcome

    def _without_store(
        self, context: Context, group: Sequence[Bucket], shadow: bool, error: UnavailableError
    ) -> Asking:
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
        return self._told(context, local, shadow, answer)

    def _take(self, group: Sequence[Bucket], *, local: bool = False) -> Take:
        return Take(tuple([bucket.charge for bucket in group]), self._within_s, local)

    def _told(self, context: Context, group: Sequence[Bucket], shadow: bool, reply: TakeReply) -> Outcome:
        """The outcome of a charge, and what the client is told of it."""
        levels = reply.levels
        if len(levels) != len(group):
            raise _miscounted(group, levels)
        if context.notes is not None:
            for bucket, level in zip(group, levels, strict=True):
                context.explain(_line(bucket, level))
        if shadow:
            return None if reply.allowed else _denied(group, levels, ())
        now, allowed = context.request.now, True
        standings = () if context.limits is None else context.limits.standings
        for place, bucket in enumerate(group):
            level = levels[place]
            allowed = allowed and level.allowed
            # -1: not known, since the answer came from what this process remembers of another bucket.
            if level.remaining >= 0:
                standings += (bucket.standing(level),)
        if standings:
            context.limits = Limits(standings, now, self._form)
        if not allowed:
            return _denied(group, levels, (*limit_headers(standings, now, self._form), retry_after(standings, now)))
        return None


def _miscounted(asked: Sequence[object], answered: Sequence[object]) -> ValueError:
    """A fault of whoever answers, which must not let pass."""
    return ValueError(f"{len(answered)} answers to {len(asked)}")


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
