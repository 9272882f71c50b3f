"""The `kong.yml` at the top: the reference architecture, with plugins that would start, and no key in it."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateline.compile.kong.fencing import expected_on, fence_document, fences
from gateline.compile.kong.scopes import scopes_of
from gateline.config.load import load
from gateline.schema.model import Model
from kong_plugins.adapter.configuration import read
from kong_plugins.adapter.jwt_auth import JwtConfig
from kong_plugins.adapter.key_auth import KeyAuthConfig
from kong_plugins.adapter.policy_plugin import PolicyConfig
from kong_plugins.adapter.rate_limit import RateLimitConfig
from kong_plugins.adapter.split_plugin import SplitConfig
from tests.kong.lua_function import run_lua

MODELS: dict[str, type[Model]] = {
    "gateline-jwt": JwtConfig,
    "gateline-key-auth": KeyAuthConfig,
    "gateline-policy": PolicyConfig,
    "gateline-rate-limit": RateLimitConfig,
    "traffic-split": SplitConfig,
}


@pytest.fixture(scope="module")
def document(repository: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((repository / "kong.yml").read_text(encoding="utf-8")))


def route_of(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(r for service in document["services"] for r in service["routes"] if r["name"] == name)


def test_it_has_the_routes_of_the_reference_architecture(document: dict[str, Any]) -> None:
    names = [route["name"] for service in document["services"] for route in service["routes"]]
    assert names[:3] == ["user-api-v1", "user-api-v2", "canary-route"]
    assert route_of(document, "user-api-v2")["strip_path"] is True
    split = next(p for p in route_of(document, "canary-route")["plugins"] if p["name"] == "traffic-split")
    assert split["config"]["upstream_weights"] == [
        {"weight": 90, "target": "feature-service-stable"},
        {"weight": 10, "target": "feature-service-canary"},
    ]
    assert all("healthchecks" in up for up in document["upstreams"] if up["name"] != "payment-service")


def test_every_plugin_is_shown_and_would_start(document: dict[str, Any]) -> None:
    shown = set()
    for service in document["services"]:
        for route in service["routes"]:
            for plugin in route.get("plugins", ()):
                read(MODELS[plugin["name"]], plugin["config"], plugin["name"])
                shown.add(plugin["name"])
    assert shown == set(MODELS)


def test_the_policy_has_a_route_of_that_name(repository: Path, document: dict[str, Any]) -> None:
    ids = {route.id for route in load(repository / "gateline.yaml", {}).gateway.routes} if _keys(repository) else set()
    for service in document["services"]:
        for route in service["routes"]:
            if any(plugin["name"] == "gateline-policy" for plugin in route["plugins"]) and ids:
                assert route["name"] in ids


def _keys(repository: Path) -> bool:
    """The demo's keys are made on first use."""
    return (repository / ".gateline" / "api_keys.yaml").exists()


def test_it_is_fenced_and_the_fence_knows_each_route(document: dict[str, Any]) -> None:
    before = yaml.safe_dump(document)
    assert fence_document(document) == []
    assert yaml.safe_dump(document) == before, "run `gateline kong fence kong.yml`"
    scopes = scopes_of(document)
    (fence,) = fences(scopes)
    for scope in scopes.routes:
        verdicts = dict.fromkeys(map(_key, expected_on(scope)), "pass")
        assert verdicts
        route = {"name": scope.owner["name"]}
        assert run_lua(fence.lua, verdicts, route=route).status is None
        assert run_lua(fence.lua, {}, route=route).status == 503


def _key(plugin: str) -> str:
    return "gateline_" + plugin.removeprefix("gateline-").replace("-", "_")


def test_no_key_and_no_certificate_stands_in_it(repository: Path, document: dict[str, Any]) -> None:
    assert "BEGIN" not in (repository / "kong.yml").read_text(encoding="utf-8")
    (certificate,) = document["certificates"]
    (authority,) = document["ca_certificates"]
    assert certificate["cert"].startswith("{vault://env/")
    assert certificate["key"].startswith("{vault://env/")
    for entity in (certificate, authority):
        assert str(uuid.UUID(entity["id"])) == entity["id"]
    service = next(service for service in document["services"] if service["name"] == "payment-service")
    assert service["client_certificate"] == certificate["id"]
    assert service["ca_certificates"] == [authority["id"]]
    assert service["tls_verify"] is True
