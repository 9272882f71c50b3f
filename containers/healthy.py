"""Health checks of containers that have no curl: `healthy.py http URL`, `healthy.py valkey HOST:PORT`."""

from __future__ import annotations

import socket
import sys
import urllib.request


def http(url: str) -> bool:
    """Whether a URL answers 200."""
    with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  # the container's own address
        return bool(answer.status == 200)


def valkey(address: str) -> bool:
    """Whether a store answers PING."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=2) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(64).startswith(b"+PONG")


if __name__ == "__main__":
    try:
        well = {"http": http, "valkey": valkey}[sys.argv[1]](sys.argv[2])
    except OSError as error:
        sys.exit(str(error))
    sys.exit(0 if well else "it answers something else")
