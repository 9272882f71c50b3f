"""`usage_of` tells what was charged to a key's quotas, and takes nothing."""

from __future__ import annotations

from gateline.effects import Charge, Level, Take, TakeReply
from gateline.limit.config import Tier
from gateline.limit.usage import Usage, usage_of
from gateline.values.identity import Figures, Identity
from tests.limit.deciding import charge_as
from tests.limit.test_point import identified

TIERS = {"free": {"daily_quota": 5, "monthly_quota": 100}}


def test_it_tells_what_was_charged() -> None:
    gateway = identified(key_by="ip", cost=2, tiers=TIERS)
    identity = Identity("u", "api_key", credential_id="k1", tier="free", figures=Figures(monthly_quota=50))
    charge_as(gateway, identity)
    tiers = {name: Tier(**fields) for name, fields in TIERS.items()}
    for _ in range(2):
        usages = usage_of(identity, tiers, "default", lambda take: gateway.store.take(take.charges))
        assert [(usage.period, usage.used, usage.quota) for usage in usages] == [("day", 2, 5), ("month", 2, 50)]
        assert 0 < usages[0].reset_s <= 86_400


def test_it_asks_for_the_charges_that_a_route_makes_and_costs_nothing() -> None:
    """One look at both quotas, within two seconds: whoever asks sits at a terminal."""
    asked: list[Take] = []

    def take(effect: Take) -> TakeReply:
        asked.append(effect)
        return TakeReply((Level(True, 30, 0.0, 7.5),))

    identity = Identity("u", "jwt", tenant="t", tier="free")
    assert usage_of(identity, {"free": Tier(monthly_quota=100)}, "ns", take) == [Usage("month", 70, 100, 7.5)]
    (effect,) = asked
    assert effect == Take((Charge("gl:ns:{user:t|u}:quota:month", "calendar_window", (100, 1), 0),), 2.0)


def test_who_has_no_quota_has_no_usage() -> None:
    gateway = identified(key_by="ip")
    assert usage_of(Identity("u", "jwt"), {}, "default", lambda take: gateway.store.take(take.charges)) == []
