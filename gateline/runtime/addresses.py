"""Addresses to listen on: HOST:PORT or unix:PATH, and those of several workers."""

from __future__ import annotations


def worker_address(listen: str, index: int) -> str:
    """Where worker `index` (from 0) of several listens: PORT + index, or PATH.index."""
    if listen.startswith("unix:"):
        return f"{listen}.{index}"
    host, port = host_and_port(listen)
    return f"{host}:{port + index if port else 0}"


def host_and_port(address: str) -> tuple[str, int]:
    """The parts of HOST:PORT (`[::1]:80` too); ValueError where it is none."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{address!r} is not HOST:PORT")
    return host, int(port)


def bare_host(host: str) -> str:
    """The host as sockets take it: an IPv6 address without its brackets."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host
