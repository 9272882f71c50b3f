"""Builds the Go programs that benchmarks and tests use, outside of the tree: `python -m bench.peers.build`.

They land in GATELINE_TOOLS, or in ~/.cache/gateline/bin, once for each machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(os.environ.get("GATELINE_TOOLS") or Path.home() / ".cache" / "gateline" / "bin")
_HERE = Path(__file__).resolve().parent
# Our own programs by their folder, others by their module.
_OURS = {
    "grpcload": _HERE / "grpcload",
    "authz": _HERE / "envoy" / "authz",
    "ratelimit": _HERE / "envoy" / "ratelimit",
}
_OTHERS = {"h2spec": "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible"}
NAMES = (*_OURS, *_OTHERS)


class BuildError(Exception):
    """Go is not there, or a module cannot be had."""


def built(name: str) -> Path | None:
    """The program, if it has been built and is newer than its source."""
    path = FOLDER / name
    if not path.exists():
        return None
    sources = _OURS[name].glob("*.go") if name in _OURS else ()
    if any(source.stat().st_mtime > path.stat().st_mtime for source in sources):
        return None
    return path


def build(name: str) -> Path:
    """The program, built if need be."""
    path = built(name)
    if path is not None:
        return path
    go = shutil.which("go")
    if go is None:
        raise BuildError("go is not on this machine")
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / name
    command = [go, "build", "-o", str(path), "."] if name in _OURS else [go, "install", _OTHERS[name]]
    environment = {**os.environ, "GOBIN": str(FOLDER)}
    done = subprocess.run(
        command, cwd=_OURS.get(name), env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        raise BuildError(f"{name} cannot be built: {done.stderr[-300:]}")
    path.touch()
    return path


if __name__ == "__main__":
    for each in sys.argv[1:] or NAMES:
        print(build(each))
