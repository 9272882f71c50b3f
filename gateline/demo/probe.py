"""Small questions to servers that are starting: is somebody there, and are you ready?"""

from __future__ import annotations

import http.client
import socket
from pathlib import Path

WITHIN_S = 1.0


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens on a port; OSError where somebody else does. Port 0: any free one."""
    made = socket.socket()
    try:
        # Old connections that linger are no reason to refuse; another listener still is.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(128)
    except OSError:
        made.close()
        raise
    return made


def answers_200(port: int, path: str) -> bool:
    """Whether a server on this machine answers 200."""
    return _get(http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN_S), path) == 200


def answers_200_at(socket_path: Path, path: str) -> bool:
    """The same on a Unix socket."""
    connection = http.client.HTTPConnection("localhost", timeout=WITHIN_S)
    try:
        connection.sock = _unix(socket_path)
    except OSError:
        return False
    return _get(connection, path) == 200


def accepts(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), WITHIN_S).close()
    except OSError:
        return False
    return True


def pongs(socket_path: Path) -> bool:
    """Whether a Redis or Valkey answers on a Unix socket."""
    try:
        with _unix(socket_path) as asked:
            asked.sendall(b"PING\r\n")
            return asked.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _unix(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(WITHIN_S)
    try:
        made.connect(str(path))
    except OSError:
        made.close()
        raise
    return made


def _get(connection: http.client.HTTPConnection, path: str) -> int:
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
