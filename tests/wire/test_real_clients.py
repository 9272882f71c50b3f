"""Grpc-go, h2load and h2spec against our transport; each is skipped where it is not installed.

The load tests are short: they show that no bound is hit at full speed, since any GOAWAY or reset fails a call.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.peers import build
from ext_authz.rpc import Call
from tests.wire.served import CHECK, Served, program, sample_handlers, served

ALLOW = bytes.fromhex("0a001200")  # CheckResponse: status {}, ok_response {}

# What h2spec still asks for, and RFC 9113 section 5.3 no longer says: it dropped priorities whole.
DROPPED_BY_RFC_9113 = [
    ("http2/5.3.1", "Sends HEADERS frame that depend on itself"),
    ("http2/5.3.1", "Sends PRIORITY frame that depend on itself"),
]


def allow(_message: bytes, _call: Call) -> bytes:
    return ALLOW


@pytest.fixture
def wire() -> Iterator[Served]:
    with served("wire", {**sample_handlers(), CHECK: allow}) as one:
        yield one


def go_program(name: str) -> str:
    """A Go program of `bench.peers`. Building takes a minute once, so that is left to CI and to who asks for it."""
    path = build.built(name)
    if path is None and not os.environ.get("CI"):
        pytest.skip(f"{name} is not built here: python -m bench.peers.build")
    try:
        return str(path or build.build(name))
    except build.BuildError as error:
        pytest.skip(str(error))


def test_h2spec_strict_passes_but_for_what_rfc_9113_dropped(wire: Served, tmp_path: Path) -> None:
    h2spec = go_program("h2spec")
    report = tmp_path / "report.xml"
    port = wire.address.rpartition(":")[2]
    command = [h2spec, "--strict", "-h", "127.0.0.1", "-p", port, "-o", "1", "-j", str(report)]
    subprocess.run(command, capture_output=True, timeout=60, check=False)
    text = report.read_text()
    assert text.count("<testcase ") == 146
    failed = re.findall(r'<testcase package="([^"]*)" classname="([^"]*)"[^>]*>\s*<(?:failure|error)', text)
    assert failed == DROPPED_BY_RFC_9113


def test_h2load_at_full_speed(wire: Served, tmp_path: Path) -> None:
    message = tmp_path / "message"
    message.write_bytes((500).to_bytes(5, "big") + bytes(500))
    command = [program("h2load"), "-n", "20000", "-c", "8", "-m", "64", "-d", str(message)]
    command += ["-H", "content-type: application/grpc", "-H", "te: trailers", f"http://{wire.address}{CHECK}"]
    output = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "20000 succeeded, 0 failed, 0 errored, 0 timeout" in output


@pytest.mark.parametrize("options", [[], ["-trace"], ["-trace", "-timeout", "9s"]], ids=["plain", "trace", "timeout"])
def test_grpc_go_at_full_speed(wire: Served, options: list[str]) -> None:
    grpcload = go_program("grpcload")
    command = [grpcload, "-target", wire.address, "-calls", "20000", *options]
    report = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout)
    assert report["errors"] == 0, report["first_error"]
