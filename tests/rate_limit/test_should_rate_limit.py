"""ShouldRateLimit answers as envoyproxy/ratelimit does, but that a refused call takes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from ext_authz.pb.envoy.service.ratelimit.v3.rls_pb2 import RateLimitResponse
from ext_authz.rpc import RpcError, Status
from tests.rate_limit.service import RecordedCall, Service, descriptor, request

OK, OVER = RateLimitResponse.OK, RateLimitResponse.OVER_LIMIT


def domain(*descriptors: dict[str, Any]) -> dict[str, Any]:
    return {"domain": "d", "descriptors": list(descriptors)}


def headers(response: RateLimitResponse) -> dict[str, str]:
    return {header.key: header.value.decode() for header in response.response_headers_to_add}


def test_a_limit_lets_its_requests_pass_and_no_more_until_its_window_ends() -> None:
    service = Service(domain(descriptor("k", 2)))
    codes = [service.ask("d", [("k", "v")]).overall_code for _ in range(3)]
    assert codes == [OK, OK, OVER]
    assert service.ask("d", [("k", "other")]).overall_code == OK
    service.now += 60 - service.now % 60
    assert service.ask("d", [("k", "v")]).overall_code == OK


def test_a_status_tells_limit_remaining_and_reset() -> None:
    service = Service(domain(descriptor("k", 10, "hour", limit={"name": "hourly"})))
    (status,) = service.ask("d", [("k", "v")]).statuses
    assert status.code == OK
    assert (status.current_limit.requests_per_unit, status.current_limit.name) == (10, "hourly")
    assert status.current_limit.unit == RateLimitResponse.RateLimit.HOUR
    assert status.limit_remaining == 9
    assert status.duration_until_reset.seconds == 3600 - int(service.now) % 3600


def test_over_if_any_descriptor_is_and_then_nothing_is_taken() -> None:
    service = Service(domain(descriptor("small", 1), descriptor("large", 9)))
    both = ([("small", "x")], [("large", "x")])
    assert service.ask("d", *both).overall_code == OK
    refused = service.ask("d", *both)
    assert refused.overall_code == OVER
    assert [status.code for status in refused.statuses] == [OVER, OK]
    assert [status.limit_remaining for status in refused.statuses] == [0, 8]


def test_what_matches_no_limit_is_let_pass() -> None:
    service = Service(domain(descriptor("k", 0)))
    for name, entries in (("d", [("other", "v")]), ("d", [("k", "v"), ("k", "v")]), ("unknown", [("k", "v")])):
        response = service.ask(name, entries)
        assert response.overall_code == OK
        (status,) = response.statuses
        assert (status.code, status.HasField("current_limit")) == (OK, False)
    assert service.takes == []


def test_a_limit_of_none_refuses_all() -> None:
    service = Service(domain(descriptor("k", 0)))
    assert service.ask("d", [("k", "v")]).overall_code == OVER


def test_an_unlimited_descriptor_asks_nobody() -> None:
    service = Service(domain({"key": "k", "rate_limit": {"unlimited": True}}))
    (status,) = service.ask("d", [("k", "v")]).statuses
    assert (status.code, status.limit_remaining) == (OK, 2**32 - 1)
    assert service.takes == []


def test_hits_count_and_the_descriptors_own_go_before_the_calls() -> None:
    service = Service(domain(descriptor("k", 10)))
    assert service.ask("d", [("k", "v")], hits=3).statuses[0].limit_remaining == 7
    assert service.ask("d", {"entries": [("k", "v")], "hits": 2}, hits=3).statuses[0].limit_remaining == 5


def test_no_hits_look_and_take_nothing() -> None:
    service = Service(domain(descriptor("k", 2)))
    look = {"entries": [("k", "v")], "hits": 0}
    assert [service.ask("d", look).statuses[0].limit_remaining for _ in range(3)] == [2, 2, 2]
    assert [service.ask("d", [("k", "v")]).overall_code for _ in range(3)] == [OK, OK, OVER]
    assert service.ask("d", look).overall_code == OVER


def test_a_cost_known_afterwards_closes_the_window_that_it_overruns() -> None:
    service = Service(domain(descriptor("k", 100)))
    look = {"entries": [("k", "v")], "hits": 0}
    assert service.ask("d", look).overall_code == OK
    service.ask("d", [("k", "v")], hits=5000)
    assert service.ask("d", look).overall_code == OVER


def test_a_limit_in_shadow_is_counted_apart_and_refuses_nobody() -> None:
    service = Service(domain(descriptor("s", 0, shadow_mode=True), descriptor("k", 5)))
    response = service.ask("d", [("s", "v")], [("k", "v")])
    assert response.overall_code == OK
    assert [status.code for status in response.statuses] == [OK, OK]
    assert response.statuses[1].limit_remaining == 4
    assert [":shadow:" in take.charges[0].key for take in service.takes] == [False, True]


def test_a_gateway_in_shadow_refuses_nobody_and_tells_nothing() -> None:
    service = Service(domain(descriptor("k", 0)), mode="shadow")
    response = service.ask("d", [("k", "v")])
    assert response.overall_code == OK
    assert headers(response) == {}
    assert ":shadow:" in service.takes[0].charges[0].key


def test_a_limit_that_replaces_another_leaves_it_alone() -> None:
    service = Service(
        domain(descriptor("a", 5, limit={"name": "first"}), descriptor("b", 9, limit={"replaces": [{"name": "first"}]}))
    )
    response = service.ask("d", [("a", "x")], [("b", "x")])
    assert [status.HasField("current_limit") for status in response.statuses] == [False, True]
    assert service.ask("d", [("a", "x")]).statuses[0].limit_remaining == 4


def test_a_proxy_may_state_the_limit_itself() -> None:
    service = Service(domain(descriptor("k", 100)))
    stated = {"entries": [("k", "v")], "limit": (1, 1)}
    assert [service.ask("d", stated).overall_code for _ in range(2)] == [OK, OVER]
    assert service.ask("d", [("k", "v")]).statuses[0].limit_remaining == 99


def test_two_descriptors_of_one_bucket_are_charged_together() -> None:
    service = Service(domain(descriptor("k", 3)))
    assert service.ask("d", [("k", "v")], [("k", "v")]).statuses[0].limit_remaining == 1
    assert service.ask("d", [("k", "v")], [("k", "v")]).overall_code == OVER
    assert len(service.takes[0].charges) == 1


def test_headers_tell_the_tightest_limit() -> None:
    service = Service(domain(descriptor("k", 2, "hour", limit={"name": "hourly"}), descriptor("j", 9)))
    allowed = headers(service.ask("d", [("k", "v")], [("j", "v")]))
    assert allowed["ratelimit-policy"] == '"hourly";q=2;w=3600, "j";q=9;w=60'
    assert allowed["x-ratelimit-remaining"] == "1"
    assert "retry-after" not in allowed
    service.ask("d", [("k", "v")], [("j", "v")])
    refused = headers(service.ask("d", [("k", "v")], [("j", "v")]))
    assert int(refused["retry-after"]) >= 3600 - int(service.now) % 3600
    assert headers(Service(domain(descriptor("k", 2)), rate_limit_headers="off").ask("d", [("k", "v")])) == {}


def test_without_a_store_the_call_fails() -> None:
    service = Service(domain(descriptor("k", 2)))
    service.away = True
    with pytest.raises(RpcError) as caught:
        service.ask("d", [("k", "v")])
    assert caught.value.status is Status.UNAVAILABLE
    assert service.outcomes == [("d", "unavailable")]


def test_a_store_that_is_away_does_not_matter_to_a_limit_in_shadow() -> None:
    service = Service(domain(descriptor("s", 0, shadow_mode=True)))
    service.away = True
    assert service.ask("d", [("s", "v")]).overall_code == OK


def test_an_answer_that_has_to_wait_comes_by_the_call() -> None:
    service = Service(domain(descriptor("k", 1), descriptor("s", 1, shadow_mode=True)))
    service.held = True
    data = request("d", [("k", "v")], [("s", "v")]).SerializeToString()
    call = RecordedCall()
    assert service.handler(data, call) is None
    service.release()
    assert call.answered is not None
    assert RateLimitResponse.FromString(call.answered).overall_code == OK
    service.away = True
    failing = RecordedCall()
    assert service.handler(data, failing) is None
    service.release()
    assert failing.failed is not None
    assert failing.failed[0] is Status.UNAVAILABLE


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff",
        request("", [("k", "v")]).SerializeToString(),
        request("d").SerializeToString(),
        request("d", {"entries": [("k", "v")], "negative": True}).SerializeToString(),
        request("d", {"entries": [("k", "v")], "limit": (5, 0)}).SerializeToString(),
    ],
)
def test_a_call_that_makes_no_sense_is_an_error(data: bytes) -> None:
    with pytest.raises(RpcError) as caught:
        Service(domain(descriptor("k", 1))).handler(data, RecordedCall())
    assert caught.value.status is Status.INVALID_ARGUMENT


def test_a_new_policy_holds_for_calls_that_were_seen_before() -> None:
    service = Service(domain(descriptor("k", 1)))
    service.ask("d", [("k", "v")])
    other = Service(domain(descriptor("k", 50)))
    service.engine.swap(other.engine.loaded)
    assert service.ask("d", [("k", "v")]).statuses[0].limit_remaining == 48
