"""Load: wrk through Envoy, and a gRPC client of ours for ShouldRateLimit. Each says what was answered."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.gateway.policies import DESCRIPTOR, DOMAIN
from bench.peers.build import build

SCRIPT = Path(__file__).with_name("load.lua")
CONNECTIONS = 32
# With Host that Envoy's client sends and the Authorization or key of a row these are a dozen, as a browser's are.
HEADERS = (
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("Accept", "application/json, text/plain, */*"),
    ("Accept-Language", "en-GB,en;q=0.8,de;q=0.5"),
    ("Accept-Encoding", "gzip, deflate, br"),
    ("Cache-Control", "no-cache"),
    ("Pragma", "no-cache"),
    ("Origin", "https://app.example.com"),
    ("Referer", "https://app.example.com/users?page=2"),
    ("Cookie", "theme=dark; session=0123456789abcdef0123456789abcdef"),
    ("X-Client-Version", "2026.11.1"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a load generator saw. `refused` are answers that deny, `broken` calls without a proper answer."""

    calls: int
    seconds: float
    refused: int
    broken: int
    p50_us: int
    p99_us: int
    fresh_used: int = 0


class LoadError(Exception):
    """The generator is not there, or could not do its work."""


def find_wrk() -> str:
    """Where wrk is."""
    found = shutil.which("wrk")
    if found is None:
        raise LoadError("there is no wrk on this machine: apt-get install wrk")
    return found


def wrk(url: str, seconds: float, headers: Sequence[tuple[str, str]] = (), varying: Sequence[str] = ()) -> Outcome:
    """GETs on 32 connections; `varying` are the arguments of `load.lua`. wrk counts in whole seconds."""
    lines = [part for name, value in (*HEADERS, *headers) for part in ("-H", f"{name}: {value}")]
    command = [find_wrk(), "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--timeout", "5s", *lines]
    return outcome_of(_output([*command, "-s", str(SCRIPT), url, "--", *varying], seconds))


def outcome_of(output: str) -> Outcome:
    """What `load.lua` said at the end."""
    said = _json_in(output, "JSON ")
    return Outcome(
        said["calls"], said["duration_us"] / 1e6, said["refused"], said["broken"],
        said["p50_us"], said["p99_us"], said["fresh_used"],
    )  # fmt: skip


def should_rate_limit(targets: Sequence[str], seconds: float) -> Outcome:
    """ShouldRateLimit calls, 32 at once, one connection to each worker, for a thousand users in turn."""
    command = [str(build("ratelimit")), "-targets", ",".join(targets), "-domain", DOMAIN, "-key", DESCRIPTOR]
    said = _json_in(_output([*command, "-callers", str(CONNECTIONS), "-seconds", str(seconds)], seconds), "")
    if said["failed"]:
        raise LoadError(f"{said['failed']} calls failed: {said['first_error']}")
    # An answer without the rule's headers is not what was asked for.
    refused, broken = said["over_limit"], said["without_headers"]
    return Outcome(said["calls"], said["seconds"], refused, broken, said["p50_us"], said["p99_us"])


def _output(command: list[str], seconds: float) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    if done.returncode:
        raise LoadError(f"{Path(command[0]).name}: {(done.stderr or done.stdout)[-300:]}")
    return done.stdout


def _json_in(output: str, mark: str) -> dict[str, Any]:
    for line in output.splitlines():
        if line.startswith(f"{mark}{{"):
            return dict(json.loads(line[len(mark) :]))
    raise LoadError(f"the load generator said nothing of use: {output[-300:]}")
