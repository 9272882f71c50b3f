"""Neither a reload nor a scrape of a large policy holds the interpreter for long: the loop needs it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateline.config.load import Loaded
from gateline.pipeline.run import Pipeline
from gateline.runtime.exposition import render, to_json
from gateline.runtime.metrics import Metrics
from gateline.runtime.outcome import ALLOWED, Outcome
from gateline.runtime.policy_file import PolicyFile
from gateline.runtime.replacement import collection_deferred, read_and_built, take_apart
from gateline.values.errors import ConfigError
from gateline.values.found_route import FoundRoute
from tests.runtime.holding import held_ms

ROUTES = 600
# Five times what it takes; what grows with the routes would take 5 ms of ten thousand.
MOST_MS = 0.3


def policy(count: int) -> dict[str, Any]:
    """As large policies are: many routes alike."""
    routes = [
        {
            "id": f"r{n}",
            "path": f"/v1/service-{n % 97}/resource-{n}",
            "hosts": [f"h{n % 7}.example.com"],
            "methods": ["GET", "POST"],
            "upstream_id": f"u{n % 50}",
            "auth_required": False,
            "rate_limit": {"requests_per_minute": 100, "key_by": "ip"},
        }
        for n in range(count)
    ]
    upstreams = [{"id": f"u{n}", "servers": [f"10.0.0.{n}:80"]} for n in range(50)]
    return {"version": 1, "upstreams": upstreams, "routes": routes}


class Reloads:
    """Replaces a policy as a sidecar does."""

    def __init__(self, path: Path) -> None:
        self._policy = PolicyFile(path, {})
        self._now: list[tuple[Loaded, Pipeline]] = []
        self.refused = ""

    def __call__(self) -> None:
        with collection_deferred():
            try:
                loaded, snapshot = read_and_built(self._policy.read)
            except ConfigError as error:
                self.refused = str(error)
                return
            old, self._now = self._now, [(loaded, Pipeline(snapshot))]
            del loaded, snapshot
            if old:
                take_apart(old)


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        ("", ""),
        ("  bad: [\n", "is not YAML"),
        ("- {id: bad, path: bad}\n", "must match"),
        ("- {id: bad, path: /bad, upstream_id: gone}\n", "names no upstream"),
        ("api_key_pepper: {file: gone}\nauthentication: [{name: a, method: api_key}]\n", "can't read"),
    ],
    ids=["good", "not YAML", "not valid", "not whole", "not built"],
)
def test_a_reload_gives_way_all_the_time(tmp_path: Path, more: str, refused: str):
    path = tmp_path / "gateline.yaml"
    path.write_text(yaml.dump(policy(ROUTES), sort_keys=False, Dumper=yaml.CSafeDumper) + more)
    reloads = Reloads(path)
    reloads()
    assert refused in reloads.refused
    assert bool(refused) == bool(reloads.refused)
    assert held_ms(reloads, MOST_MS) == {}


@pytest.fixture
def metrics() -> Iterator[Metrics]:
    """What is counted of many routes. As in a sidecar, what lived before is not collected."""
    counted = Metrics()
    for number in range(5 * ROUTES):
        for outcome in (ALLOWED, Outcome("deny", 403, "insufficient_scope")):
            counted.count(FoundRoute(f"r{number}"), outcome, None, 0.001)
    gc.freeze()
    yield counted
    gc.unfreeze()


def test_a_scrape_gives_way_all_the_time(metrics: Metrics):
    assert held_ms(lambda: render(metrics.samples()), MOST_MS) == {}


def test_a_worker_gives_way_while_it_tells_its_samples(metrics: Metrics):
    assert held_ms(lambda: list(to_json(metrics.samples())), MOST_MS) == {}
