"""What an introspection endpoint answered (RFC 7662 §2.2), judged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateline.authn.claims import Claims, WrongClaimError, identity_from
from gateline.authn.jose.strict_json import NotStrictError, read_object
from gateline.authn.token_rules import MAX_NUMERIC_DATE
from gateline.effects import HttpReply
from gateline.values.errors import UnavailableError
from gateline.values.identity import Identity, claim_of


@dataclass(frozen=True, slots=True)
class AnswerRules:
    """What answers are held to, and how long they are remembered."""

    issuer: str | None
    audience: str | None
    require_scope: bool
    claims: Claims
    remember_s: float
    remember_inactive_s: float


@dataclass(frozen=True, slots=True)
class Judged:
    """An identity, or the code and reason of a refusal; remembered until `until_unix_s`."""

    verdict: Identity | tuple[str, str]
    until_unix_s: float
    expires_unix_s: float = math.inf


def judged(reply: HttpReply, rules: AnswerRules, now: float) -> Judged:
    """The verdict; `UnavailableError` where the endpoint gave no answer of its protocol."""
    if reply.status != 200:
        # 401 is ours, too: it is our own secret that the endpoint does not take.
        raise UnavailableError("introspection", f"the endpoint answered {reply.status}")
    try:
        answer = read_object(reply.body)
    except NotStrictError as error:
        raise UnavailableError("introspection", f"the endpoint's answer {error}") from error
    if not isinstance(answer.get("active"), bool):
        raise UnavailableError("introspection", "the endpoint does not say whether the token is active")
    forgotten_at = now + rules.remember_inactive_s
    if answer["active"] is False:
        return Judged(("invalid_token", "is not active"), forgotten_at)
    if refusal := _refusal(answer, rules, now):
        return Judged(refusal, forgotten_at)
    try:
        identity = identity_from(answer, rules.claims, "introspection")
    except WrongClaimError as error:
        return Judged(("invalid_token", f"is described badly: {error}"), forgotten_at)
    expires = float(answer.get("exp", math.inf))
    return Judged(identity, min(now + rules.remember_s, expires), expires)


def _refusal(answer: Mapping[str, Any], rules: AnswerRules, now: float) -> tuple[str, str] | None:
    for name in ("exp", "nbf"):
        at = answer.get(name, 0)
        if isinstance(at, bool) or not isinstance(at, int | float) or not 0 <= at <= MAX_NUMERIC_DATE:
            return "invalid_token", f"has a member {name} that is no date"
    if "exp" in answer and now >= answer["exp"]:
        return "token_expired", "has expired"
    if answer.get("nbf", 0) > now:
        return "invalid_token", "is not valid yet"
    if rules.issuer is not None and answer.get("iss") != rules.issuer:
        return "invalid_token", "is of another issuer"
    audience = answer.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if rules.audience is not None and rules.audience not in named:
        return "invalid_token", "is for another audience"
    if rules.require_scope and claim_of(answer, rules.claims.scopes) is None:
        return "invalid_token", "has no scope"
    return None
