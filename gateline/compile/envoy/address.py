"""Addresses as Envoy has them, and clusters' endpoints."""

from __future__ import annotations

import ipaddress

from envoy_data_plane.envoy.config.cluster.v3 import ClusterDiscoveryType
from envoy_data_plane.envoy.config.core.v3 import Address, Pipe, SocketAddress


def split_port(address: str) -> tuple[str, int]:
    """`[::1]:80` as `("::1", 80)`; ValueError where there is no port that may be."""
    host, _, port_text = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port_text.isdecimal() or int(port_text) > 65_535:
        raise ValueError(f"is not HOST:PORT: {address!r}")
    return host, int(port_text)


def address_of(text: str) -> Address:
    """HOST:PORT or unix:PATH."""
    if text.startswith("unix:"):
        return Address(pipe=Pipe(path=text.removeprefix("unix:")))
    host, port = split_port(text)
    return Address(socket_address=SocketAddress(address=host, port_value=port))


def discovery_of(addresses: list[str]) -> ClusterDiscoveryType:
    """STATIC where every address is one already; STRICT_DNS where a name must be looked up."""
    literal = all(text.startswith("unix:") or is_ip(split_port(text)[0]) for text in addresses)
    return ClusterDiscoveryType.STATIC if literal else ClusterDiscoveryType.STRICT_DNS


def is_ip(host: str) -> bool:
    """Whether a host is an address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
