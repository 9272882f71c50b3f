"""The split of a route in a policy: what is refused at load, and where requests go."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gateline.config.load import load_data
from gateline.schema.secret import Sources
from gateline.testing import PolicyMaker
from gateline.values.decision import Allow
from gateline.values.errors import ConfigError

UPSTREAMS = [{"id": name, "servers": ["127.0.0.1:9001"]} for name in ("stable", "canary")]
WEIGHTS = [{"weight": 90, "target": "stable"}, {"weight": 10, "target": "canary"}]


@pytest.fixture
def gateline_policy(tmp_path: Path) -> PolicyMaker:
    return PolicyMaker(tmp_path)


def gateway(**split: Any) -> dict[str, Any]:
    route = {"id": "r", "path": "/", "auth_required": False, "upstream_id": "stable"}
    return {"upstreams": UPSTREAMS, "routes": [{**route, "traffic_split": {"upstream_weights": WEIGHTS, **split}}]}


def upstream_of(decision: object) -> str | None:
    assert isinstance(decision, Allow)
    return decision.upstream


def test_ninety_of_a_hundred_go_to_stable(gateline_policy: PolicyMaker) -> None:
    policy = gateline_policy(gateway())
    found = Counter(upstream_of(policy.decide()) for _ in range(1000))
    assert 95 <= found["canary"] <= 105


@pytest.mark.parametrize(
    ("sticky_by", "same", "other"),
    [
        ("ip", {"peer": "192.0.2.1"}, [{"peer": f"192.0.2.{n}"} for n in range(2, 99)]),
        (
            {"header": "X-Session"},
            {"headers": {"x-session": "a"}},
            [{"headers": {"x-session": str(n)}} for n in range(99)],
        ),
    ],
)
def test_who_is_sticky_stays(gateline_policy: PolicyMaker, sticky_by: Any, same: Any, other: list[Any]) -> None:
    policy = gateline_policy(gateway(sticky_by=sticky_by))
    assert len({upstream_of(policy.decide(**same)) for _ in range(50)}) == 1
    assert len({upstream_of(policy.decide(**one)) for one in other}) == 2


def test_who_lacks_the_header_takes_a_turn(gateline_policy: PolicyMaker) -> None:
    policy = gateline_policy(gateway(sticky_by={"header": "x-session"}))
    assert Counter(upstream_of(policy.decide()) for _ in range(100))["canary"] >= 8


def test_explain_tells_where_and_why(gateline_policy: PolicyMaker) -> None:
    policy = gateline_policy(gateway(sticky_by="ip"))
    policy.decide()
    assert policy.notes[-1].step == "split"
    assert "by hash" in policy.notes[-1].why


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"upstream_weights": [{"weight": 1, "target": "canry"}]}, "did you mean `canary`"),
        ({"upstream_weights": [{"weight": 1, "target": "canary"}]}, "has no share for the route's own upstream_id"),
        ({"upstream_weights": [*WEIGHTS, WEIGHTS[0]]}, "names stable more than once"),
        ({"upstream_weights": [{"weight": 0, "target": "stable"}]}, "gives no target any weight"),
        ({"sticky_by": "user_id"}, "needs an identity"),
    ],
)
def test_a_split_that_can_not_be_is_refused_at_load(change: dict[str, Any], message: str) -> None:

    data = {"version": 1, **gateway(**change)}
    with pytest.raises(ConfigError, match=message):
        load_data(data, "inline", {}, Sources(Path(), {}))
