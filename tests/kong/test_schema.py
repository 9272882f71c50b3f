"""The schemas that Kong reads of our plugins hold nothing that Kong's own meta schema would refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from gateline.values.errors import ConfigError
from kong_plugins.adapter.configuration import plugin_id, read
from kong_plugins.adapter.policy_plugin import PolicyConfig
from kong_plugins.adapter.schema import kong_schema
from kong_plugins.adapter.split_plugin import SplitConfig
from kong_plugins.runtime.plugins import load, names

PLUGINS = Path(__file__).resolve().parents[2] / "kong_plugins"
# Kong 3.0 and later (kong/db/schema/metaschema.lua).
KINDS = {"string", "integer", "number", "boolean", "array", "record", "map"}
ATTRIBUTES = {"type", "required", "default", "one_of", "between", "len_min", "len_max", "elements", "fields"} | {
    "keys",
    "values",
}
PRIORITIES = {
    "gateline-jwt": 1451,
    "gateline-key-auth": 1251,
    "gateline-policy": 1260,
    "gateline-rate-limit": 911,
    "traffic-split": 805,
}


def walk(field: dict[str, Any]) -> None:
    assert set(field) <= ATTRIBUTES
    assert field["type"] in KINDS
    for part in ("elements", "keys", "values"):
        if part in field:
            walk(field[part])
    for entry in field.get("fields", ()):
        ((_, inner),) = entry.items()
        walk(inner)


def test_these_are_the_plugins() -> None:
    assert names(PLUGINS) == sorted(PRIORITIES)


@pytest.mark.parametrize("name", sorted(PRIORITIES))
def test_a_plugin_describes_itself(name: str) -> None:
    found = json.loads(json.dumps(load(PLUGINS, name).description()))
    assert found["Priority"] == PRIORITIES[name]
    assert found["Phases"] == ["access"]
    (config,) = found["Schema"]["fields"]
    assert config["config"]["type"] == "record"
    for entry in config["config"]["fields"]:
        ((_, field),) = entry.items()
        walk(field)


def test_a_union_has_no_place_in_kong() -> None:
    class Both(BaseModel):
        either: int | str

    with pytest.raises(ValueError, match="too many values"):
        kong_schema(Both)


def test_what_kong_adds_and_its_empty_tables_are_no_fault() -> None:
    config = {"file": "/g.yaml", "route": None, "__key__": "plugins:…", "__seq__": 3, "route_id": "x", "__ws_id": "y"}
    found = read(PolicyConfig, config, "gateline-policy")
    assert (found.file, found.route, found.consumer_by) == ("/g.yaml", None, "none")


def test_a_fault_names_plugin_and_field() -> None:
    with pytest.raises(ConfigError, match=r"traffic-split: upstream_weights\[0\].weight must be ≥ 0"):
        read(SplitConfig, {"upstream_weights": [{"weight": -1, "target": "a"}]}, "traffic-split")


def test_counters_are_named_by_the_id_of_the_plugin() -> None:
    assert plugin_id({"__plugin_id": "28e62802-715b-5bd5-8a08-f288d4f4c639"}).startswith("28e62802")
    assert plugin_id({"a": 1, "__seq__": 1}) == plugin_id({"a": 1, "__seq__": 2}) != plugin_id({"a": 2})
