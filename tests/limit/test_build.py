"""Which rules are charged before authentication and which after it, for each kind of route."""

from __future__ import annotations

from typing import Any

import pytest

from gateline.effects import Take
from gateline.limit.build import RouteLimits
from gateline.limit.config import RateLimit, Tier
from gateline.limit.point import ChargePoint
from gateline.values.identity import MAX_MEMOS, Identity
from tests.limit.test_buckets import context

GLOBAL, OWN = "gl:ns:{%s}:token_bucket:*", "gl:ns:{%s}:token_bucket:r"
ADDRESS, USER = "ip:203.0.113.9", "user:u"
TIERS = {"free": Tier(burst=3, daily_quota=9)}


def limits(own: RateLimit | None, everywhere: RateLimit | None = None, **fields: Any) -> RouteLimits:
    return RouteLimits(
        "r", own, everywhere, "ns", "both", 0.25, TIERS, own_place="g.yaml:7", global_place="g.yaml:2", **fields
    )


def takes(
    point: ChargePoint | None, identity: Identity | None = None, address: str = "203.0.113.9"
) -> tuple[Take, ...]:
    """What the point asks of the store; none where there is no point, or nothing to charge."""
    shared = context(identity)
    shared.client = address
    asking = point(shared) if point is not None else None
    effects = next(asking) if asking is not None else ()
    assert isinstance(effects, tuple)
    return tuple(take for take in effects if isinstance(take, Take))


def keys(point: ChargePoint | None, identity: Identity | None = None, address: str = "203.0.113.9") -> list[str]:
    return [charge.key for take in takes(point, identity, address) for charge in take.charges]


def by(key_by: str, **fields: Any) -> RateLimit:
    return RateLimit(key_by=key_by, **fields)


@pytest.mark.parametrize(
    ("own", "everywhere", "identified", "before", "after"),
    [
        (None, None, True, [], []),
        (by("ip"), None, True, [OWN % ADDRESS], []),
        (by("user_id"), None, True, [], [OWN % USER]),
        (by("ip"), by("user_id"), True, [OWN % ADDRESS], [GLOBAL % USER]),
        (by("user_id"), by("ip"), True, [GLOBAL % ADDRESS], [OWN % USER]),
        (by("user_id"), by("user_id"), True, [], [GLOBAL % USER, OWN % USER]),
        (by("user_id"), by("ip"), False, [GLOBAL % ADDRESS, OWN % ADDRESS], []),
        (by("ip", enabled=False), by("user_id"), True, [], [GLOBAL % USER]),
        (by("user_id"), by("user_id", enabled=False), True, [], [OWN % USER]),
        (by("user_id", enabled=False), None, True, [], []),
    ],
)
def test_by_address_before_and_by_identity_after(
    own: RateLimit | None, everywhere: RateLimit | None, identified: bool, before: list[str], after: list[str]
) -> None:
    """Each rule at one point; a route that knows no identity has all of them before."""
    made = limits(own, everywhere, identified=identified)
    assert keys(made.by_address()) == before
    assert keys(made.by_identity(), Identity("u", "jwt")) == after
    assert (made.by_address() is None) == (before == [])


def test_a_point_after_authentication_is_there_wherever_a_quota_may_be() -> None:
    """By address alone is charged before, but a tier's quota still after; without a rule there are no quotas."""
    identity = Identity("u", "jwt", tier="free")
    assert keys(limits(by("ip")).by_identity(), identity) == ["gl:ns:{user:u}:quota:day"]
    assert limits(by("ip"), identified=False).by_identity() is None
    assert limits(None).by_identity() is None


def test_a_tiers_figures_are_for_the_last_rule_alone() -> None:
    """The route's own; the global one where the route has none. By address nobody has figures of its own."""
    identity = Identity("u", "jwt", tier="free")
    for own, everywhere, expected in (
        (by("user_id"), by("user_id"), [20, 3, 9]),
        (None, by("user_id"), [3, 9]),
    ):
        (take,) = takes(limits(own, everywhere).by_identity(), identity)
        assert [charge.figures[0] for charge in take.charges] == expected
    (take,) = takes(limits(by("user_id"), identified=False).by_address(), identity)
    assert [charge.figures[0] for charge in take.charges] == [20]


def test_what_is_said_of_a_route_reaches_its_rules_and_points() -> None:
    """Namespace, place, tiers, whether it is hidden, and the store's budget."""
    made = limits(by("ip"), by("user_id"), hidden=True)
    assert [(rule.name, rule.place, rule.policy) for rule in made.rules] == [
        ("*", "g.yaml:2", "global"),
        ("r", "g.yaml:7", "r"),
    ]
    assert all((rule.namespace, rule.hidden, rule.tiers) == ("ns", True, TIERS) for rule in made.rules)
    assert (made.place, limits(None, by("ip")).place, limits(None).place) == ("g.yaml:7", "g.yaml:2", "")
    for point, identity in ((made.by_address(), None), (made.by_identity(), Identity("u", "jwt"))):
        (take,) = takes(point, identity)
        assert (take.within_s, take.local) == (0.25, False)
        assert "}:shadow:token_bucket:" in take.charges[0].key


def test_what_is_remembered_of_one_is_nothing_to_another() -> None:
    """Users behind one address, addresses of one user, and guests: each has its own buckets, whoever came before."""
    alice, bob = (Identity(user, "jwt") for user in ("alice", "bob"))
    point = limits(by("user_id"), by("api_key")).by_identity()
    nobody = limits(by("user_id"), identified=False).by_address()
    for _ in range(2):
        for address in ("203.0.113.9", "203.0.113.10"):
            for identity, subject in ((alice, "user:alice"), (bob, "user:bob"), (None, f"ip:{address}")):
                assert keys(point, identity, address) == [GLOBAL % f"ip:{address}", OWN % subject]
            assert keys(nobody, None, address) == [OWN % f"ip:{address}"]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """By addresses where nobody is known, by the identity's memo where somebody is; and each stays its owner's."""
    monkeypatch.setattr("gateline.limit.point.MOST_ADDRESSES", 4)
    alice = Identity("alice", "jwt")
    point, nobody = limits(by("user_id")).by_identity(), limits(by("user_id"), identified=False).by_address()
    assert nobody is not None
    for number in range(MAX_MEMOS + 10):
        address = f"203.0.113.{number}"
        assert keys(nobody, None, address) == [OWN % f"ip:{address}"]
        assert keys(point, alice, address) == [OWN % "user:alice"]
        assert len(nobody._of_nobody) <= 4
        assert len(alice.memo) <= MAX_MEMOS
