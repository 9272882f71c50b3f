"""Which PDK calls a request takes: as few as the route's `needs` allow.

A policy without a gateway file judges no path, and one without identity reads no header. Where headers are read, it is
all of them, in one call: a credential that is sent twice must be seen twice, and identity headers of the
client's own must be found under every spelling.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateline.pipeline.build import Snapshot
from gateline.values.request import Needs


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read. `peer` is who connects, else the address over Kong's `trusted_ips`."""

    headers: bool = True
    path: bool = True
    method: bool = False
    scheme: bool = False
    query: bool = False
    address: bool = False
    peer: bool = False
    body: bool = False
    certificate: bool = False


class Readings:
    """The readings of one snapshot."""

    __slots__ = ("_by_route", "_least", "_matching", "_unknown", "snapshot")

    def __init__(self, snapshot: Snapshot, least: Reading = Reading()) -> None:
        """`least` says whether headers and path are read at all."""
        self.snapshot = snapshot
        self._least = replace(least, peer=snapshot.trusted_hops > 0)
        routes = snapshot.routes
        self._by_route = {name: self._reading(route.needs) for name, route in routes.items()}
        needs = snapshot.unmatched.needs if snapshot.unmatched is not None else Needs()
        for route in routes.values():
            needs |= route.needs
        # The global limit of what matches no route counts by address.
        needs |= Needs(client_address=snapshot.unmatched is not None)
        self._matching = replace(self._reading(needs), method=True)
        self._unknown = self._least

    def of(self, route: str | None) -> Reading:
        """How to read a request of a named route, of one that the core matches (None), or of one it does not know."""
        return self._matching if route is None else self._by_route.get(route, self._unknown)

    def _reading(self, needs: Needs) -> Reading:
        return replace(
            self._least,
            method=needs.method,
            scheme=needs.scheme,
            query=needs.query,
            address=needs.client_address,
            body=needs.body,
            certificate=needs.certificate,
        )
