"""What `gateline run` prints when all is ready: addresses, and lines to try, each with what it answers."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from gateline.demo.keys import DEMO_KEY, FOLDER


def announcement(gateway_file: Path, port: int) -> str:
    """The whole text; every `curl` line may be run in any order, and again."""
    proxy, admin = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"
    return "\n".join([f"ready {proxy}", f"admin {admin}", *_lines(gateway_file, proxy, admin), ""])


def _lines(gateway_file: Path, proxy: str, admin: str) -> list[str]:
    reader, writer = _bearer(gateway_file, "read:users"), _bearer(gateway_file, "write:users")
    try:
        key = (gateway_file.parent / FOLDER / DEMO_KEY).read_text(encoding="ascii").strip()
    except OSError:
        key = "gl_…"
    canary = f"{proxy}/api/features/new"
    return [
        f"curl -i {proxy}/v1/users  # 401: no credentials",
        f"curl -i -H {reader} {proxy}/v1/users  # 200: a token with the scope read:users",
        f"curl -i -H {writer} {proxy}/v1/users  # 403: a token without it",
        f"curl -i -H 'x-api-key: {key}' {proxy}/v1/users/42  # 200: an API key",
        f"curl -i -H 'x-api-key: {key}' -d name=carol {proxy}/v2/users/new  # 200: the upstream sees POST /new",
        f"curl -i {proxy}/elsewhere  # 404: no route",
        f"for i in 1 2 3 4 5 6 7 8 9; do curl -sSf -o /dev/null -D - {canary} || break; done  # 429 with Retry-After",
        f"curl -s {admin}/metrics  # 200: what was decided so far",
    ]


def _bearer(gateway_file: Path, scope: str) -> str:
    """The header as the shell reads it; the token is minted when the line runs, so it never grows old."""
    command = [_command(), "token", "-c", str(gateway_file.resolve()), "--sub", "alice", "--scope", scope]
    return f'"authorization: Bearer $({shlex.join(command)})"'


def _command() -> str:
    """`gateline` where the shell finds this very one by that name, else its path."""
    ours = Path(sys.executable).with_name("gateline")
    return "gateline" if shutil.which("gateline") == str(ours) else str(ours)
