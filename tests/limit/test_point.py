"""The two charge points: who is charged, in what order figures count, and what a client is told."""

from __future__ import annotations

from typing import Any

import pytest

from gateline.context import Context, Note
from gateline.effects import Answer, Level, TakeReply
from gateline.limit.build import RouteLimits
from gateline.limit.config import RateLimit
from gateline.limit.headers import limit_headers
from gateline.limit.point import ChargePoint
from gateline.values.decision import Allow, Deny, Problem, Unavailable, deny, unavailable
from gateline.values.errors import UnavailableError
from gateline.values.identity import Figures, Identity
from tests.limit.deciding import Gateway, charge_as
from tests.limit.test_buckets import context

BEARER = [{"name": "m", "method": "api_key"}]
NONE_LEFT = "a: none of 1 left for 0.600 s"
LEFT = Level(True, 4, 0.0, 0.6)


def route(**fields: Any) -> dict[str, Any]:
    return {"id": "a", "path": "/a", "auth_required": False, **fields}


def identified(**limit: Any) -> Gateway:
    fields = {key: limit.pop(key) for key in ("tiers", "global_rate_limit", "mode") if key in limit}
    return Gateway(
        api_key_pepper={"env": "P"},
        authentication=BEARER,
        routes=[route(auth_required=True, rate_limit=limit)],
        **fields,
    )


def driven(point: ChargePoint, shared: Context, *answers: tuple[Answer, ...]) -> Any:
    """The outcome of a point whose effects are answered like this, one tuple after the other."""
    asking = point(shared)
    assert asking is not None
    next(asking)
    try:
        for answer in answers:
            asking.send(answer)
    except StopIteration as done:
        return done.value
    raise AssertionError("it asks for more than was answered")


def note(gateway: Gateway) -> str:
    """What the last step said of the last decision."""
    assert gateway.context.notes is not None
    return gateway.context.notes[-1].why


def told(decision: Allow) -> list[tuple[str, str]]:
    """The fields that a client gets of its limits."""
    assert decision.response_headers == ()
    return [] if decision.limits is None else limit_headers(*decision.limits)


def header(decision: Any, name: str) -> str | None:
    headers = told(decision) if isinstance(decision, Allow) else decision.headers
    found = [value for key, value in headers if key == name]
    assert len(found) <= 1
    return found[0] if found else None


def test_a_burst_passes_and_the_next_request_is_told_when_to_come_again() -> None:
    gateway = Gateway(routes=[route(rate_limit={"requests_per_minute": 60, "burst": 2})])
    first, second, third = gateway.decide(), gateway.decide(), gateway.decide()
    assert isinstance(first, Allow)
    assert header(first, "ratelimit-policy") == '"a";q=2;w=2'
    assert header(first, "ratelimit") == '"a";r=1;t=2'
    assert header(first, "x-ratelimit-remaining") == "1"
    assert isinstance(second, Allow)
    assert isinstance(third, Deny)
    assert third.problem.code == "rate_limited"
    assert header(third, "retry-after") == "2"
    assert header(third, "ratelimit") == '"a";r=0;t=2'
    assert header(third, "x-ratelimit-reset") == "1790000002"
    gateway.now += 1
    assert isinstance(gateway.decide(), Allow)


def test_another_address_has_another_bucket() -> None:
    gateway = Gateway(routes=[route(rate_limit={"burst": 1})])
    assert isinstance(gateway.decide(), Allow)
    assert isinstance(gateway.decide(), Deny)
    assert isinstance(gateway.decide(peer="203.0.113.10"), Allow)


def test_the_addresses_of_one_v6_network_share_a_bucket() -> None:
    gateway = Gateway(routes=[route(rate_limit={"burst": 1})])
    assert isinstance(gateway.decide(peer="2001:db8:0:1::1"), Allow)
    assert isinstance(gateway.decide(peer="2001:db8:0:1:ffff::2"), Deny)
    assert isinstance(gateway.decide(peer="2001:db8:0:2::1"), Allow)
    assert gateway.keys()[0] == "gl:default:{ip:2001:db8:0:1::/64}:token_bucket:a"


def test_global_and_route_limit_are_one_charge_and_both_must_pass() -> None:
    gateway = Gateway(global_rate_limit={"burst": 2}, routes=[route(rate_limit={"burst": 1})])
    first = gateway.decide()
    assert header(first, "ratelimit-policy") == '"global";q=2;w=2, "a";q=1;w=1'
    refused = gateway.decide()
    assert isinstance(refused, Deny)
    assert len(gateway.takes) == 2
    # All or nothing: the refusal took nothing of the global limit.
    assert header(refused, "ratelimit") == '"global";r=1;t=1, "a";r=0;t=1'


def test_a_limit_that_is_not_enabled_is_none() -> None:
    gateway = Gateway(global_rate_limit={"burst": 2}, routes=[route(rate_limit={"enabled": False, "burst": 1})])
    assert [isinstance(gateway.decide(), Allow) for _ in range(3)] == [True, True, False]
    assert header(Gateway(routes=[route(rate_limit={"enabled": False})]).decide(), "ratelimit") is None


def test_cost_counts_for_each_request() -> None:
    gateway = Gateway(routes=[route(rate_limit={"burst": 5, "cost": 2})])
    assert [isinstance(gateway.decide(), Allow) for _ in range(3)] == [True, True, False]


def test_the_global_limit_holds_where_no_route_matches() -> None:
    gateway = Gateway(unmatched="allow", global_rate_limit={"burst": 1}, routes=[])
    assert [isinstance(gateway.decide(), Allow) for _ in range(2)] == [True, False]


def test_each_kind_of_subject_has_its_own_key() -> None:
    alice = Identity("alice", "jwt")
    key = Identity("alice", "api_key", credential_id="k1")
    for key_by, identity, subject in (
        ("user_id", alice, "user:alice"),
        ("user_id", Identity("alice", "jwt", tenant="acme"), "user:acme|alice"),
        ("user_id", Identity("a{b}c", "jwt"), "user:~"),
        ("api_key", key, "key:k1"),
        ("api_key", alice, "ip:203.0.113.9"),
        ("user_id", None, "ip:203.0.113.9"),
    ):
        gateway = identified(key_by=key_by)
        charge_as(gateway, identity)
        (name,) = gateway.keys()
        assert name.startswith(f"gl:default:{{{subject}")
        assert name.count("{") == name.count("}") == 1


def test_figures_of_the_key_go_before_its_tiers_before_the_routes() -> None:
    tiers = {"free": {"requests_per_minute": 30, "burst": 3}}
    for figures, tier, expected in (
        (Figures(burst=7), "free", (7, 30)),
        (Figures(requests_per_minute=5), None, (20, 5)),
        (None, "free", (3, 30)),
        (None, "unheard-of", (20, 100)),
        (None, None, (20, 100)),
    ):
        gateway = identified(key_by="user_id", tiers=tiers)
        charge_as(gateway, Identity("u", "jwt", tier=tier, figures=figures))
        assert gateway.takes[0].charges[0].figures == expected


def test_figures_of_a_tier_apply_to_the_routes_limit_and_not_to_the_global_one() -> None:
    everywhere = {"burst": 50, "requests_per_minute": 500, "key_by": "user_id"}
    gateway = identified(key_by="user_id", tiers={"free": {"burst": 3}}, global_rate_limit=everywhere)
    charge_as(gateway, Identity("u", "jwt", tier="free"))
    assert [charge.figures for charge in gateway.takes[0].charges] == [(50, 500), (3, 100)]


def test_quotas_are_charged_with_the_identitys_point() -> None:
    tiers = {"free": {"daily_quota": 2, "monthly_quota": 5}}
    gateway = identified(key_by="ip", burst=50, tiers=tiers)
    identity = Identity("u", "jwt", tier="free")
    first = charge_as(gateway, identity)
    assert header(first, "ratelimit-policy") == '"daily";q=2;w=86400, "monthly";q=5'
    charge_as(gateway, identity)
    refused = charge_as(gateway, identity)
    assert isinstance(refused, Deny)
    assert refused.problem.code == "quota_exhausted"
    assert gateway.keys()[:2] == ["gl:default:{user:u}:quota:day", "gl:default:{user:u}:quota:month"]
    assert header(refused, "retry-after") == str(86_400 - int(gateway.now) % 86_400)
    gateway.now += 86_400
    assert isinstance(charge_as(gateway, identity), Allow)


def test_the_code_is_that_of_the_limit_that_refuses_for_longest() -> None:
    gateway = identified(key_by="user_id", burst=1, tiers={"t": {"daily_quota": 1}})
    identity = Identity("u", "jwt", tier="t")
    charge_as(gateway, identity)
    refused = charge_as(gateway, identity)
    assert isinstance(refused, Deny)
    assert refused.problem.code == "quota_exhausted"


def test_a_rule_in_shadow_is_counted_apart_and_refuses_nobody() -> None:
    gateway = Gateway(global_rate_limit={"burst": 9}, routes=[route(rate_limit={"burst": 1, "mode": "shadow"})])
    assert isinstance(gateway.decide(), Allow)
    assert gateway.context.would is None
    second = gateway.decide()
    assert isinstance(second, Allow)
    assert header(second, "ratelimit-policy") == '"global";q=9;w=6'
    assert gateway.context.would == deny("rate_limited", "a: none of 1 left for 0.600 s")
    assert note(gateway) == "global: 7 of 9 left; a: none of 1 left for 0.600 s; in shadow: would be rate_limited"
    assert gateway.keys()[1] == "gl:default:{ip:203.0.113.9}:shadow:token_bucket:a"


def test_a_route_in_shadow_counts_under_shadow() -> None:
    gateway = Gateway(routes=[route(mode="shadow", rate_limit={"burst": 1})])
    gateway.decide()
    second = gateway.decide()
    assert second == Allow(metadata=second.metadata)
    assert gateway.keys() == ["gl:default:{ip:203.0.113.9}:shadow:token_bucket:a"] * 2


def test_without_a_store_each_rule_has_its_own_way() -> None:
    away = "limit a: store: is away"
    for on_failure, expected, why in (
        ("deny", ["Unavailable"] * 3, away),
        ("allow", ["Allow"] * 3, f"{away}; on_failure is allow"),
        ("local", ["Allow", "Deny", "Deny"], f"{away}; on_failure is local; {NONE_LEFT}; {NONE_LEFT}"),
    ):
        gateway = Gateway(routes=[route(rate_limit={"burst": 1, "on_failure": on_failure})])
        gateway.away = True
        assert [type(gateway.decide()).__name__ for _ in range(3)] == expected
        assert note(gateway) == why
        assert gateway.context.fallbacks == (() if on_failure == "deny" else (f"{on_failure}:a",))


def test_one_rule_that_denies_decides_for_all_of_them() -> None:
    gateway = Gateway(global_rate_limit={"on_failure": "deny"}, routes=[route(rate_limit={"on_failure": "allow"})])
    gateway.away = True
    decision = gateway.decide()
    assert isinstance(decision, Unavailable)
    assert decision.problem.code == "dependency_unavailable"


def test_each_rule_that_does_without_the_store_is_told_and_local_ones_alone_are_charged() -> None:
    """The global rule lets pass, the route's counts in this process."""
    gateway = Gateway(
        global_rate_limit={"on_failure": "allow"}, routes=[route(rate_limit={"on_failure": "local", "burst": 1})]
    )
    gateway.away = True
    assert header(gateway.decide(), "ratelimit-policy") == '"a";q=1;w=1'
    assert list(gateway.context.fallbacks) == ["allow:global", "local:a"]
    assert [(take.local, len(take.charges)) for take in gateway.takes] == [(False, 2), (True, 1)]


def test_each_form_of_headers_can_be_had_alone() -> None:
    draft, legacy = {"ratelimit-policy", "ratelimit"}, {f"x-ratelimit-{n}" for n in ("limit", "remaining", "reset")}
    for form, expected in (("both", draft | legacy), ("draft", draft), ("legacy", legacy), ("off", set())):
        gateway = Gateway(rate_limit_headers=form, routes=[route(rate_limit={"burst": 1})])
        allowed = gateway.decide()
        assert isinstance(allowed, Allow)
        assert {name for name, _ in told(allowed)} == expected
        refused = gateway.decide()
        assert isinstance(refused, Deny)
        assert {name for name, _ in refused.headers} == expected | {"retry-after"}


def test_explain_says_how_each_limit_stands() -> None:
    """A refusal's reason names each limit that refuses, for the log and for whoever asks."""
    gateway = Gateway(global_rate_limit={"burst": 2}, routes=[route(rate_limit={"burst": 1})])
    gateway.decide()
    assert note(gateway) == "global: 1 of 2 left; a: 0 of 1 left"
    gateway = Gateway(
        global_rate_limit={"burst": 1}, routes=[route(rate_limit={"burst": 1, "requests_per_minute": 60})]
    )
    gateway.decide()
    refused = gateway.decide()
    assert isinstance(refused, Deny)
    assert refused.problem == Problem(
        "rate_limited", "global: none of 1 left for 0.600 s; a: none of 1 left for 1.000 s"
    )


def test_the_second_point_tells_of_both() -> None:
    """A client sees each field once, with the limits by address and by identity in it."""
    limits = RouteLimits("r", RateLimit(key_by="user_id"), RateLimit(burst=5), "ns", "draft", 0.1)
    shared = context(Identity("u", "jwt"))
    for point, level in (
        (limits.by_address(), Level(True, 4, 0.0, 0.6)),
        (limits.by_identity(), Level(True, 19, 0.0, 0.6)),
    ):
        assert point is not None
        assert driven(point, shared, (TakeReply((level,)),)) is None
    assert shared.limits is not None
    assert limit_headers(*shared.limits) == [
        ("ratelimit-policy", '"global";q=5;w=3, "r";q=20;w=12'),
        ("ratelimit", '"global";r=4;t=1, "r";r=19;t=1'),
    ]
    assert [standing.policy for standing in shared.limits.standings] == ["global", "r"]


def test_what_no_memory_can_answer_is_unavailable() -> None:
    """`local` asks this process; where that fails as well, nobody has judged."""
    point = RouteLimits("r", RateLimit(on_failure="local"), None, "ns", "both", 0.1).by_address()
    assert point is not None
    outcome = driven(point, context(), (UnavailableError("store"),), (UnavailableError("memory", "is full"),))
    assert outcome == unavailable("dependency_unavailable", "memory: is full")


def test_where_nothing_is_to_be_charged_nobody_is_asked() -> None:
    """A route whose only limit goes by address has a second point for quotas; most identities have none."""
    point = RouteLimits("r", RateLimit(), None, "ns", "both", 0.1).by_identity()
    assert point is not None
    assert point(context(Identity("u", "jwt"))) is None


@pytest.mark.parametrize("noted", [True, False])
@pytest.mark.parametrize("answers", [(), (TakeReply(()),), (TakeReply((LEFT, LEFT)),), (TakeReply((LEFT,)),) * 2])
def test_an_answer_to_something_else_lets_nobody_pass(answers: tuple[TakeReply, ...], noted: bool) -> None:
    """A store that tells of more or fewer buckets than were charged has a fault, and the request is not judged."""
    point = RouteLimits("r", RateLimit(), None, "ns", "both", 0.1).by_address()
    assert point is not None
    shared = context()
    shared.notes = [Note("limit", "", "")] if noted else None
    with pytest.raises(ValueError, match=r"^\d answers to 1$"):
        driven(point, shared, answers)
