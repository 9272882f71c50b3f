"""Shared by the Kong tests: the faulty plugins, and a server for each protocol that serves many of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kong import plugins
from tests.kong.running import Running, ours

PROTOCOLS = ("protobuf", "msgpack")
DEADLINE_S = 0.4  # long enough for a machine that is busy with something else


@pytest.fixture(scope="session")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plugins.write(tmp_path_factory.mktemp("faulty"))


@pytest.fixture(scope="module", params=PROTOCOLS)
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def server(protocol: str, faulty: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with ours(tmp_path_factory.mktemp(protocol), faulty, protocol, "--deadline", str(DEADLINE_S)) as running:
        yield running
