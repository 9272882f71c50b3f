"""Networks of addresses, asked about the same few peers over and over."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from gateline.recent import Recent

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Networks:
    """Some networks."""

    __slots__ = ("_known", "_networks")

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks
        self._known: Recent[str, bool] = Recent(10_000)

    def hold(self, address: str) -> bool:
        """Whether an address lies in one of them; what is no address lies in none."""
        known = self._known.get(address)
        if known is None:
            known = self._holds(address)
            self._known.put(address, known)
        return known

    def _holds(self, address: str) -> bool:
        try:
            found: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(found in network for network in self._networks)
