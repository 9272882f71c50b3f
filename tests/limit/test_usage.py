"""`usage_of` tells what was charged to a key's quotas, and takes nothing."""

from __future__ import annotations

from gateline.limit.config import Tier
from gateline.limit.usage import usage_of
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


def test_who_has_no_quota_has_no_usage() -> None:
    gateway = identified(key_by="ip")
    assert usage_of(Identity("u", "jwt"), {}, "default", lambda take: gateway.store.take(take.charges)) == []
