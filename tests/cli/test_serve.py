"""`gateline serve` in one process: decisions, health, metrics, log, reload, drain."""

from __future__ import annotations

import os
import re
import signal
import socket
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from ext_authz.pb.envoy.service.ratelimit.v3.rls_pb2 import RateLimitRequest, RateLimitResponse
from ext_authz.rate_limit import METHOD as RATE_LIMIT
from tests.cli.demo import cpu_s, wait_until
from tests.cli.sidecar import write_policy

SERVING = health_pb2.HealthCheckResponse.SERVING


def key_of(folder: Path) -> dict[str, str]:
    return {"x-api-key": (folder / ".gateline" / "demo-key").read_text().strip()}


def test_it_is_ready_in_three_seconds_without_environment_or_store(repository, tmp_path, serve):
    sidecar = serve({}, environ=dict.fromkeys((name for name in os.environ if name.startswith("GATELINE")), ""))
    sidecar.wait_ready()
    assert cpu_s(sidecar.process.pid) < 3
    assert sidecar.admin_get("/healthz")[0] == 200
    assert sidecar.admin_get("/nothing")[0] == 404


@pytest.mark.parametrize("transport", ["grpcio", "wire"])
def test_it_decides_and_tells_its_health_on_the_same_port(tmp_path, serve, transport: str):
    sidecar = serve({}, "--transport", transport).wait_ready()
    assert sidecar.status("/open") == 200
    assert sidecar.status("/closed") == 401
    assert sidecar.status("/closed", key_of(tmp_path)) == 200
    with grpc.insecure_channel(f"127.0.0.1:{sidecar.port}") as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
    assert answer.status == SERVING


def test_it_is_not_ready_before_an_issuer_was_asked_and_does_not_wait_for_one_that_is_silent(serve):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/jwks"
        issuer = {"method": "jwt", "name": "main", "issuer": "https://issuer.example", "audience": "api"}
        sidecar = serve({"authentication": [{**issuer, "keys": {"jwks_url": url, "within_ms": 3000}}]})
        wait_until(lambda: sidecar.admin_get("/readyz")[0] == 503)
        assert list(sidecar.readyz()["not_ready"]) == ["authentication main"]
        sidecar.wait_ready()


def test_the_rate_limit_service_answers_on_the_same_port_and_is_counted(serve):
    limit = {"unit": "minute", "requests_per_unit": 1}
    sidecar = serve({"domains": [{"domain": "edge", "descriptors": [{"key": "k", "rate_limit": limit}]}]}).wait_ready()
    request = RateLimitRequest(domain="edge", descriptors=[{"entries": [{"key": b"k", "value": b"v"}]}])
    with grpc.insecure_channel(f"127.0.0.1:{sidecar.port}") as channel:
        ask = channel.unary_unary(RATE_LIMIT)
        codes = [RateLimitResponse.FromString(ask(request.SerializeToString(), timeout=5)).overall_code for _ in (1, 2)]
    assert codes == [RateLimitResponse.OK, RateLimitResponse.OVER_LIMIT]
    assert sidecar.metric('gateline_rate_limit_calls_total{domain="edge",outcome="over_limit"}') == 1


def test_metrics_count_each_decision_once(serve):
    sidecar = serve().wait_ready()
    for _ in range(3):
        sidecar.check("/open")
    sidecar.check("/closed")
    sidecar.check("/watched")
    assert sidecar.metric('gateline_decisions_total{route="open",decision="allow",code=""}') == 3
    assert sidecar.metric('gateline_decisions_total{route="closed",decision="deny",code="no_credentials"}') == 1
    assert sidecar.metric('gateline_decisions_total{route="watched",decision="allow"') == 1
    assert sidecar.metric('gateline_shadow_decisions_total{route="watched",decision="deny",code="no_credentials"}') == 1
    assert sidecar.metric("gateline_decision_seconds_count") == 5
    assert sidecar.metric('gateline_decision_seconds_bucket{le="+Inf"}') == 5


def test_the_log_says_what_was_decided_and_no_secret(tmp_path, serve):
    sidecar = serve().wait_ready()
    key = key_of(tmp_path)
    sidecar.check("/closed?token=hush", {**key, "x-request-id": "id"})
    sidecar.check("/closed", {"authorization": "Bearer hush"})
    sidecar.check("/watched")
    allowed, refused, watched = sidecar.wait_log(3)
    assert allowed.pop("time").endswith("Z")
    assert 0 < allowed.pop("latency_us") < 1_000_000
    assert allowed == {
        "request_id": "id",
        "method": "GET",
        "path": "/closed",
        "client": "203.0.113.9",
        "route": "closed",
        "step": "authorise",
        "decision": "allow",
        "status": 200,
        "reason": "",
        "user_id": "bob",
        "credential_id": "demo",
        "revision": sidecar.readyz()["revision"],
    }
    assert (refused["decision"], refused["status"], refused["reason"]) == ("deny", 401, "no_credentials")
    assert refused["step"] == "authenticate"
    assert watched["decision"] == "allow"
    assert watched["would"] == {"decision": "deny", "status": 401, "code": "no_credentials"}
    written = (tmp_path / "out").read_text() + sidecar.err
    assert key["x-api-key"] not in written
    assert "Bearer" not in written


@pytest.mark.parametrize(("level", "lines"), [("all", 2), ("refused", 1), ("off", 0)])
def test_the_log_has_a_level(serve, level: str, lines: int):
    sidecar = serve({"decision_log": {"level": level}}).wait_ready()
    sidecar.check("/open")
    sidecar.check("/closed")
    sidecar.end()
    assert len(sidecar.log()) == lines


def test_a_changed_file_is_reloaded_and_a_bad_one_refused(tmp_path, serve):
    sidecar = serve().wait_ready()
    first = sidecar.readyz()["revision"]
    write_policy(tmp_path, unmatched="allow")
    wait_until(lambda: sidecar.readyz()["revision"] != first)
    assert sidecar.status("/elsewhere") == 200
    second = sidecar.readyz()["revision"]
    write_policy(tmp_path, unmatched="alow")
    wait_until(lambda: "refused_policy" in sidecar.readyz())
    assert sidecar.readyz()["revision"] == second
    assert re.search(r"gateline.yaml:\d+: unmatched must be deny, allow; did you mean `allow`\?", sidecar.err)
    assert sidecar.status("/elsewhere") == 200
    assert sidecar.metric('gateline_reloads_total{result="taken"}') == 1
    assert sidecar.metric('gateline_reloads_total{result="refused"}') == 1
    assert sidecar.metric("gateline_policy_processes") == 1


def test_a_key_file_that_changes_is_reloaded_too(tmp_path, serve):
    sidecar = serve().wait_ready()
    assert sidecar.status("/closed", key_of(tmp_path)) == 200
    keys = tmp_path / ".gateline" / "api_keys.yaml"
    keys.write_text(keys.read_text() + "  is_active: false\n")
    wait_until(lambda: sidecar.status("/closed", key_of(tmp_path)) == 401)


def test_a_hangup_signal_reloads_at_once(tmp_path, serve):
    sidecar = serve().wait_ready()
    sidecar.process.send_signal(signal.SIGHUP)
    wait_until(lambda: sidecar.metric('gateline_reloads_total{result="taken"}') == 1)


def test_it_drains_on_sigterm_and_writes_its_last_lines(serve):
    sidecar = serve().wait_ready()
    sidecar.check("/open")
    assert sidecar.end() == 0
    assert [line["route"] for line in sidecar.log()] == ["open"]


def test_a_unix_socket_is_gone_afterwards_and_a_stale_one_is_replaced(tmp_path, serve):
    path = tmp_path / "check.sock"
    for _ in range(2):
        sidecar = serve({}, "--listen", f"unix:{path}").wait_ready()
        sidecar.process.kill()
        sidecar.process.wait()
    sidecar = serve({}, "--listen", f"unix:{path}").wait_ready()
    assert path.is_socket()
    assert sidecar.end() == 0
    assert not path.exists()


def test_a_bad_policy_is_an_error_with_its_line(serve):
    sidecar = serve({"routs": []})
    assert sidecar.process.wait(30) == 2
    assert "gateline.yaml:" in sidecar.err
    assert "did you mean `routes`?" in sidecar.err
    assert "Traceback" not in sidecar.err


def test_an_address_in_use_is_an_error(serve):
    first = serve().wait_ready()
    second = serve({}, "--listen", f"127.0.0.1:{first.port}")
    assert second.process.wait(30) == 2
    assert "Traceback" not in second.err
    third = serve({}, "--admin", f"127.0.0.1:{first.admin}")
    assert third.process.wait(30) == 2
    assert "Traceback" not in third.err
