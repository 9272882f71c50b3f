"""The Unix socket that Kong connects to: one is always at its path, and an old server never removes a new one's."""

import os
import socket
from pathlib import Path

BACKLOG = 4096


def listen(path: Path, mode: int) -> socket.socket:
    """A listening socket at `path`, put in place in one step; raises OSError."""
    draft = path.with_name(f"{path.name}.{os.getpid() % 1000}")
    draft.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        listener.bind(str(draft))
        draft.chmod(mode)
        listener.listen(BACKLOG)
        draft.rename(path)
    except OSError:
        listener.close()
        draft.unlink(missing_ok=True)
        raise
    return listener


def identity(path: Path) -> tuple[int, int] | None:
    """Which file stands at the path, None when none does."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def remove(path: Path, mine: tuple[int, int] | None) -> None:
    """Remove the socket, if it is still the one that `identity` named."""
    if mine is not None and identity(path) == mine:
        path.unlink(missing_ok=True)
