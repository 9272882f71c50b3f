"""The example `examples/existing-envoy`, as its README tells it, with a real Envoy and the real sidecar."""

from __future__ import annotations

import difflib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from bench.gateway.processes import free_ports
from tests.cases_support.echo import Echo
from tests.compile.envoy_process import Envoy, validate
from tests.compile.exchange import Answer, exchange
from tests.compile.gateways import ROOT

EXAMPLE = ROOT / "examples" / "existing-envoy"
# What differs from one request to the next whatever stands between.
RANDOM = {"x-request-id", "date", "x-envoy-upstream-service-time"}


NO_CHANGES: Mapping[str, str] = MappingProxyType({})


class Site:
    """The example on free ports: backends, a sidecar when asked, and one Envoy at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copy(EXAMPLE / "gateline.yaml", folder)
        self.echo = Echo()
        self._tokens: dict[str, str] = {}
        self.port, self.check_port = free_ports(1), free_ports(1)
        self.sidecar: subprocess.Popen[bytes] | None = None

    def gateline(self, *arguments: str) -> str:
        """What a command of Gateline prints."""
        command = [Path(sys.executable).with_name("gateline"), *arguments]
        return subprocess.run(command, cwd=self.folder, check=True, capture_output=True, text=True).stdout.strip()

    def token(self, scope: str) -> tuple[str, str]:
        """An Authorization header; made once, since it takes a process."""
        if scope not in self._tokens:
            self._tokens[scope] = self.gateline("token", "--sub", "alice", "--scope", scope)
        return ("authorization", f"Bearer {self._tokens[scope]}")

    def serve(self) -> None:
        """Start the sidecar and wait until it is ready."""
        admin = f"127.0.0.1:{free_ports(1)}"
        gateline = Path(sys.executable).with_name("gateline")
        listen = f"127.0.0.1:{self.check_port}"
        with (self.folder / "sidecar.log").open("ab") as log:
            self.sidecar = subprocess.Popen(
                [gateline, "serve", "--listen", listen, "--admin", admin], cwd=self.folder, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            try:
                if exchange(int(admin.rpartition(":")[2]), "/readyz").status == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError((self.folder / "sidecar.log").read_text())

    def log_with(self, text: str) -> str:
        """The sidecar's log once it holds a text: it is written behind the answers."""
        deadline = time.monotonic() + 5
        while text not in (log := (self.folder / "sidecar.log").read_text()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return log

    def stop_sidecar(self) -> None:
        if self.sidecar is not None:
            self.sidecar.kill()
            self.sidecar.wait(10)
            self.sidecar = None

    def envoy(self, name: str, changes: Mapping[str, str] = NO_CHANGES) -> Envoy:
        """One of the example's three configurations, on our ports; `changes` are texts and what takes their place."""
        text = (EXAMPLE / f"envoy-{name}.yaml").read_text()
        for before, after in changes.items():
            assert before in text
            text = text.replace(before, after)
        backend = self.echo.address.rpartition(":")[2]
        for written, ours in (("10080", self.port), ("9301", backend), ("9302", backend), ("9191", self.check_port)):
            text = text.replace(f"port_value: {written}", f"port_value: {ours}")
        # A machine that is busy with tests is no reason for a 503.
        text = text.replace("timeout: 0.25s", "timeout: 3s")
        text += "admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}\n"
        path = self.folder / f"{name}.yaml"
        path.write_text(text)
        return Envoy(path, self.folder)

    def enforce(self) -> None:
        """Step 2 in the policy."""
        path = self.folder / "gateline.yaml"
        path.write_text(path.read_text().replace("mode: shadow", "mode: enforce"))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.stop_sidecar()
    site.echo.close()


def views(site: Site, token: tuple[str, str]) -> list[tuple[int, list[tuple[str, str]], object]]:
    """Complete answers, and with them what the upstream saw, to requests of every kind."""
    spoofed = [("x-user-id", "root"), ("X_User_Id", "root"), ("x-user-id", "twice")]
    asked = [
        exchange(site.port, "/users/7?q=%2F", token),
        exchange(site.port, "/users", ("authorization", "Bearer junk"), *spoofed),
        exchange(site.port, "/users", method="DELETE"),
        exchange(site.port, "/users;a=b/%41"),
        exchange(site.port, "/usersX", ("x-forwarded-for", "203.0.113.9")),
        exchange(site.port, "/users", ("content-type", "application/grpc"), method="POST", body=b"\x00" * 9),
        *[exchange(site.port, "/orders", *spoofed) for _ in range(6)],
        exchange(site.port, "/status"),
        exchange(site.port, "/else", *spoofed),
        exchange(site.port, "/users/%2F"),
    ]
    return [_plain(answer) for answer in asked]


def _plain(answer: Answer) -> tuple[int, list[tuple[str, str]], object]:
    headers = [pair for pair in answer.headers if pair[0] not in RANDOM]
    body: object = answer.body
    if ("x-echo", "1") in headers:
        seen = json.loads(answer.body)
        seen["headers"] = [pair for pair in seen["headers"] if pair[0] not in RANDOM]
        body = seen
        headers = [pair for pair in headers if pair[0] != "content-length"]
    return answer.status, headers, body


def test_the_diff_is_short_and_the_one_that_the_readme_shows() -> None:
    texts = {
        name: (EXAMPLE / f"envoy-{name}.yaml").read_text().splitlines() for name in ("before", "shadow", "enforced")
    }
    diff = list(
        difflib.unified_diff(texts["before"], texts["shadow"], "envoy-before.yaml", "envoy-shadow.yaml", lineterm="")
    )
    changed = [line for line in diff if line[0] in "+-" and line[:3] not in ("+++", "---")]
    assert len(changed) <= 15
    assert (EXAMPLE / "shadow.diff").read_text().splitlines() == diff
    second = [line for line in difflib.ndiff(texts["shadow"], texts["enforced"]) if line[0] in "+-"]
    assert [line[1:].strip() for line in second] == ["failure_mode_allow: true", "failure_mode_allow: false"]


@pytest.mark.parametrize("name", ["before", "shadow", "enforced"])
def test_envoy_takes_it_without_a_warning(name: str) -> None:
    assert validate(EXAMPLE / f"envoy-{name}.yaml") == ""


def test_shadow_changes_nothing_with_and_without_the_sidecar(site: Site) -> None:
    site.serve()
    token = site.token("read:users")
    envoy = site.envoy("before")
    before = views(site, token)
    envoy.close()
    envoy = site.envoy("shadow")
    with_sidecar = views(site, token)
    judged = site.log_with("rate_limited")
    site.stop_sidecar()
    without_sidecar = views(site, token)
    envoy.close()
    assert with_sidecar == before
    assert without_sidecar == before
    for code in ("no_credentials", "invalid_token", "rate_limited", "path_not_normal"):
        assert code in judged, judged


def test_enforced_allows_denies_limits_and_fails_closed(site: Site) -> None:
    site.enforce()
    site.serve()
    envoy = site.envoy("enforced")
    try:
        _enforced(site, lambda path, *headers: exchange(site.port, path, *headers))
    finally:
        envoy.close()


def test_envoy_logs_the_route_that_gateline_found(site: Site) -> None:
    """As docs/envoy.md tells it: found where Envoy names none, and not told where it does."""
    site.enforce()
    site.serve()
    log = site.folder / "access.log"
    written = {
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
        "path": str(log),
        "log_format": {
            "text_format_source": {
                "inline_string": "%RESPONSE_CODE% %DYNAMIC_METADATA(envoy.filters.http.ext_authz:route)%\n"
            }
        },
    }
    logged = json.dumps([{"name": "file", "typed_config": written}])
    changes = {
        "context_extensions: {route: orders}": "disable_request_body_buffering: true",
        "stat_prefix: edge": f"stat_prefix: edge\n          access_log: {logged}",
    }
    envoy = site.envoy("enforced", changes)
    try:
        asked = [exchange(site.port, "/users", site.token("read:users"))]
        asked += [exchange(site.port, "/orders") for _ in range(4)]
    finally:
        envoy.close()
    assert [answer.status for answer in asked] == [200, 200, 200, 200, 429]
    assert log.read_text().splitlines() == ["200 -", "200 orders", "200 orders", "200 orders", "429 -"]


def _enforced(site: Site, ask: Callable[..., Answer]) -> None:
    allowed = ask("/users/7", site.token("read:users"), ("x-user-id", "root"), ("x_user_id", "root"))
    seen = [pair for pair in json.loads(allowed.body)["headers"] if pair[0].replace("_", "-") == "x-user-id"]
    assert (allowed.status, seen) == (200, [["x-user-id", "alice"]])
    assert ("x-served-by", "shop") in allowed.headers

    nobody = ask("/users")
    assert (nobody.status, nobody.problem["code"]) == (401, "no_credentials")
    assert nobody.first("www-authenticate") == "Bearer"
    assert nobody.problem["request_id"]
    narrow = ask("/users", site.token("write:users"))
    assert (narrow.status, narrow.problem["code"]) == (403, "insufficient_scope")

    orders = [ask("/orders") for _ in range(4)]
    assert [answer.status for answer in orders] == [200, 200, 200, 429]
    assert orders[-1].problem["code"] == "rate_limited"
    assert int(orders[-1].first("retry-after") or 0) >= 1

    site.stop_sidecar()
    gone = ask("/users", site.token("read:users"))
    assert gone.status == 503
    assert ask("/orders").status == 503
    assert (ask("/status").status, ask("/else").status) == (200, 200)

    site.serve()
    deadline = time.monotonic() + 5
    while ask("/users").status == 503 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert ask("/users").status == 401
