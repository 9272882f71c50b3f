"""A limit in a store: there from the first request on, and refused while the store is away."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kong.driver.request import ClientView
from tests.kong.site import Site, site_of
from tests.stores.valkey import running

LIMIT = {"requests_per_minute": 60, "burst": 2, "__plugin_id": "limit"}


@pytest.mark.parametrize("kind", ["protobuf", "threads"])
def test_the_first_request_finds_the_store(kind: str, tmp_path: Path) -> None:
    """An instance starts when its store has been looked for: Kong's request follows in the same moment."""
    with running() as valkey, site_of(kind, tmp_path) as site:
        assert [_ask(site, valkey.port).status for _ in range(3)] == [200, 200, 429]


def test_a_store_that_is_away_is_a_503(tmp_path: Path) -> None:
    """It is waited for once, not for ever."""
    with running() as valkey, site_of("protobuf", tmp_path) as site:
        valkey.kill()
        assert [_ask(site, valkey.port).status for _ in range(2)] == [503, 503]


def _ask(site: Site, port: int) -> ClientView:
    return site.ask("gateline-rate-limit", {**LIMIT, "redis": f"redis://127.0.0.1:{port}/0"})
