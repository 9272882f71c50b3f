"""The Python that callouts in Python run on: the distribution's, as in our image, where this machine has one.

A CPython that was built without profile-guided optimisation, as version managers build it, costs a fifth more. The
programs in Go that we compare with are optimised by every build.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.gateway.processes import StartError

ROOT = Path(__file__).resolve().parents[2]
DISTRIBUTION = Path("/usr/bin/python3")
_LEAST = (3, 11)
_ASK = "import json, sys; print(json.dumps([list(sys.version_info[:3]), sys.base_prefix]))"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python with Gateline installed; `of` is the one that its environment was made from."""

    path: str
    version: str
    of: str

    def told(self) -> dict[str, str]:
        """For the result's file."""
        return asdict(self)


def interpreter(wanted: str, build: Path) -> Interpreter:
    """`here` is the one that runs us, `distribution` Debian's or whoever's; `StartError` where it has no Gateline.

    Without a distribution's Python of 3.11 or newer, it is the one that runs us.
    """
    if wanted == "distribution" and _is_new_enough(DISTRIBUTION):
        return _told(_installed(build / "python"))
    return _told(Path(sys.executable))


def _is_new_enough(path: Path) -> bool:
    if not path.exists() or path.resolve() == Path(sys.executable).resolve():
        return False
    version, _ = _asked(path)
    return tuple(version) >= _LEAST


def _installed(environment: Path) -> Path:
    """An environment of the distribution's Python with this tree in it; its own pip need not be there."""
    path = environment / "bin" / "python"
    if not path.exists():
        _run(str(DISTRIBUTION), "-m", "venv", "--without-pip", str(environment))
    pip = (sys.executable, "-m", "pip", "--python", str(path), "--disable-pip-version-check")
    _run(*pip, "install", "--quiet", "--editable", f"{ROOT}[envoy]")
    return path


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StartError(f"{' '.join(command)}: {done.stderr.strip()[-500:]}")
    return done.stdout


def _asked(path: Path) -> tuple[list[int], str]:
    version, base = json.loads(_run(str(path), "-c", _ASK))
    return version, base


def _told(path: Path) -> Interpreter:
    version, base = _asked(path)
    return Interpreter(str(path), ".".join(map(str, version)), base)
