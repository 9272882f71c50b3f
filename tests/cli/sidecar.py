"""Starts `gateline serve` and asks it as Envoy does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import grpc
import yaml

from bench.gateway.processes import free_ports
from ext_authz.check import METHOD
from ext_authz.pb.envoy.service.auth.v3.external_auth_pb2 import CheckRequest, CheckResponse
from tests.cli.demo import wait_until

POLICY: dict[str, Any] = {
    "version": 1,
    "api_key_pepper": {"file": ".gateline/pepper"},
    "api_keys": {"file": ".gateline/api_keys.yaml"},
    "authentication": [{"name": "keys", "method": "api_key"}],
    "routes": [
        {"id": "open", "path": "/open", "auth_required": False},
        {"id": "closed", "path": "/closed", "authorization": {"scopes": {"all": ["read:users"]}}},
        {"id": "watched", "path": "/watched", "mode": "shadow"},
    ],
}


def write_policy(folder: Path, **changes: Any) -> Path:
    """A gateway file in a folder; `changes` replace top-level fields."""
    path = folder / "gateline.yaml"
    path.write_text(yaml.safe_dump({**POLICY, **changes}))
    return path


class Sidecar:
    """A running `gateline serve`."""

    def __init__(self, folder: Path, *more: str, environ: dict[str, str] | None = None) -> None:
        self.port = free_ports(2)
        self.admin = free_ports(2)
        self._out, self._err = folder / "out", folder / "err"
        command = [sys.executable, "-m", "gateline", "serve", "--config", str(folder / "gateline.yaml")]
        command += ["--listen", f"127.0.0.1:{self.port}", "--admin", f"127.0.0.1:{self.admin}", "--drain", "2", *more]
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(command, stdout=out, stderr=err, env={**os.environ, **(environ or {})})

    @property
    def err(self) -> str:
        return self._err.read_text()

    def log(self) -> list[dict[str, Any]]:
        """The decision log so far."""
        return [json.loads(line) for line in self._out.read_text().splitlines()]

    def wait_log(self, count: int) -> list[dict[str, Any]]:
        wait_until(lambda: len(self.log()) >= count)
        return self.log()

    def admin_get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def readyz(self) -> dict[str, Any]:
        return json.loads(self.admin_get("/readyz")[1] or '{"ready": false, "revision": ""}')

    def metric(self, line_start: str) -> float:
        """The value of the one sample that begins so; 0 where there is none."""
        lines = [line for line in self.admin_get("/metrics")[1].splitlines() if line.startswith(line_start)]
        assert len(lines) <= 1, lines
        return float(lines[0].rpartition(" ")[2]) if lines else 0.0

    def wait_ready(self, within_s: float = 30.0) -> Sidecar:
        wait_until(lambda: self.readyz()["ready"] or self.process.poll() is not None, within_s)
        assert self.process.poll() is None, self.err
        return self

    def check(self, path: str, headers: dict[str, str] | None = None, worker: int = 0) -> CheckResponse:
        """What Check answers, worker by worker."""
        request = CheckRequest()
        http = request.attributes.request.http
        http.method, http.path, http.host = b"GET", path.encode(), b"api.example.com"
        for name, value in {"x-request-id": f"id-{path}", **(headers or {})}.items():
            http.headers[name] = value.encode()
        request.attributes.source.address.socket_address.address = "203.0.113.9"
        with grpc.insecure_channel(f"127.0.0.1:{self.port + worker}") as channel:
            call = channel.unary_unary(METHOD)
            return CheckResponse.FromString(call(request.SerializeToString(), timeout=5, wait_for_ready=True))

    def status(self, path: str, headers: dict[str, str] | None = None, worker: int = 0) -> int:
        answer = self.check(path, headers, worker)
        return 200 if answer.WhichOneof("http_response") == "ok_response" else answer.denied_response.status.code

    def end(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)
