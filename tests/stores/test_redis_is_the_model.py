"""A real Valkey gives the model's answers on random traces: the model is run at the times that the server tells."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import hiredis
import pytest
from hypothesis import HealthCheck, given, settings

from gateline.limit.catalogue import catalogue
from gateline.limit.ledger import settle
from gateline.limit.script import charge_script
from gateline.limit.verdict import State
from tests.limit.traces import Chosen, Trace, arrivals, buckets, charges_of
from tests.stores.valkey import Valkey

ALGORITHMS = catalogue()


class Client:
    """A blocking client of a few lines."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._reader = hiredis.Reader(notEnoughData=self)

    def __call__(self, *arguments: Any) -> Any:
        self._socket.sendall(hiredis.pack_command(arguments))
        while (reply := self._reader.gets()) is self:
            self._reader.feed(self._socket.recv(65_536))
        return reply

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(scope="module")
def client(shared_valkey: Valkey) -> Iterator[Client]:
    made = Client(shared_valkey.port)
    yield made
    made.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(buckets(), arrivals)
def test_server_and_model_agree(client: Client, chosen: Chosen, trace: Trace) -> None:
    client("FLUSHALL")
    sha = client("SCRIPT", "LOAD", charge_script())
    states: dict[str, State] = {}
    for _, cost in trace:
        charges = charges_of(chosen, cost)
        arguments = [x for c in charges for x in (c.algorithm, c.cost, len(c.figures), *c.figures)]
        now_us, *numbers = client("EVALSHA", sha, len(charges), *(c.key for c in charges), *arguments)
        verdicts, kept = settle(charges, [states.get(c.key) for c in charges], now_us, ALGORITHMS)
        states.update({key: state for key, state, _ in kept})
        assert numbers == [int(number) for verdict in verdicts for number in verdict]
