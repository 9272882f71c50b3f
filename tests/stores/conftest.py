"""A Valkey for the tests of stores."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stores.valkey import Valkey, running


@pytest.fixture(scope="session")
def shared_valkey() -> Iterator[Valkey]:
    """One that only gets asked."""
    with running() as server:
        yield server


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """One of the test's own, to be mistreated."""
    with running() as server:
        yield server
