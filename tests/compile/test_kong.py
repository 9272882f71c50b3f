"""What `gateline compile kong` writes, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from gateline.cli.main import main
from gateline.compile.kong import compile_kong, render_yaml
from gateline.compile.kong.fence import is_fence
from gateline.compile.kong.fencing import faults, fence_document
from gateline.compile.kong.scopes import scopes_of
from gateline.pipeline.build import build
from gateline.values.errors import ConfigError
from tests.cases_support.core_side import asked
from tests.cases_support.gateways import key_of, prepare
from tests.cases_support.keyring import keyring
from tests.cases_support.kong_path import normalised
from tests.cases_support.table import entries
from tests.compile.gateways import gateway
from tests.kong.lua_function import run_lua
from tests.kong.router_model import find, routes_of

UP = 'upstreams: [{id: up, servers: ["127.0.0.1:9001"]}]'
OPEN = "upstream_id: up, auth_required: false"


def compiled(text: str) -> dict[str, Any]:
    """The file, as Kong would read it."""
    return dict(yaml.safe_load(render_yaml(gateway(text), "/etc/gateline.yaml")))


def route_of(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(route for route in routes_of(document) if route["name"] == name)


def service_of(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(service for service in document["services"] if service["name"] == name)


def test_a_path_is_a_prefix_with_its_slash_and_itself() -> None:
    document = compiled(f"{UP}\nroutes: [{{id: a, path: /v1/users.x, {OPEN}}}, {{id: b, path: {{exact: /b}}, {OPEN}}}]")
    assert route_of(document, "a")["paths"] == ["/v1/users.x/", r"~/v1/users\.x$"]
    assert route_of(document, "b")["paths"] == ["~/b$"]
    assert route_of(document, "a")["plugins"][0]["config"] == {"file": "/etc/gateline.yaml", "route": "a"}


def test_an_exact_path_goes_before_the_same_path_with_all_below_it() -> None:
    text = f"{UP}\nroutes: [{{id: below, path: /a, {OPEN}}}, {{id: only, path: {{exact: /a}}, {OPEN}}}]"
    routes = routes_of(compiled(text))
    for path, name in (("/a", "only"), ("/a/b", "below"), ("/ab", "gateline~unmatched")):
        found = find(routes, "GET", path, "x", {})
        assert found is not None
        assert found["name"] == name


def test_an_upstream_keeps_targets_weights_checks_and_its_algorithm() -> None:
    text = """
    upstreams:
      - {id: up, servers: ["a:1", {address: "b:2", weight: 3}], load_balance: weighted, retries: 2,
         connection_timeout: 4, read_timeout: 50, health_check: {path: /up, interval: 7, timeout: 2}}
      - {id: ip, servers: ["a:1"], load_balance: ip-hash}
    routes:
      - {id: a, path: /a, upstream_id: up, auth_required: false, timeout: 40, preserve_host: true, strip_path: true}
      - {id: b, path: /b, upstream_id: ip, auth_required: false}
    """
    document = compiled(text)
    up, ip = document["upstreams"]
    assert [(target["target"], target["weight"]) for target in up["targets"]] == [("a:1", 1), ("b:2", 3)]
    assert up["healthchecks"]["active"]["http_path"] == "/up"
    assert up["healthchecks"]["active"]["unhealthy"]["interval"] == 7
    assert (ip["algorithm"], ip["hash_on"]) == ("consistent-hashing", "ip")
    service = service_of(document, "a")
    assert [service[f"{kind}_timeout"] for kind in ("connect", "read", "write")] == [4000, 40_000, 40_000]
    assert (service["host"], service["retries"]) == ("up", 2)
    assert [route_of(document, "a")[name] for name in ("strip_path", "preserve_host")] == [True, True]


def test_tls_to_a_service_has_its_authority_and_reads_our_own_key_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n", encoding="ascii")
    text = """
    upstreams:
      - id: pay.ments
        protocol: https
        servers: ["pay.example:443"]
        tls: {ca_file: ca.pem, certificate_file: c.pem, key_file: c.key}
    routes: [{id: a, path: /a, upstream_id: pay.ments, auth_required: false}]
    """
    document = yaml.safe_load(render_yaml(gateway(text, tmp_path)))
    service = service_of(document, "a")
    (authority,), (own,) = document["ca_certificates"], document["certificates"]
    assert (service["protocol"], service["tls_verify"]) == ("https", True)
    assert service["ca_certificates"] == [authority["id"]]
    assert service["client_certificate"] == own["id"]
    assert authority["cert"].startswith("-----BEGIN")
    assert own["key"] == "{vault://env/gateline-pay-ments-key}"


def test_ids_are_stable_and_everything_is_tagged() -> None:
    text = f"{UP}\nroutes: [{{id: a, path: /a, {OPEN}}}]"
    document = compiled(text)
    assert compiled(text) == document
    more = compiled(f"{UP}\nroutes: [{{id: z, path: /z, {OPEN}}}, {{id: a, path: /a, {OPEN}}}]")
    assert route_of(document, "a")["id"] == route_of(more, "a")["id"]
    found: list[dict[str, Any]] = []
    _entities(document, found)
    assert len({entity["id"] for entity in found}) == len(found) > 6
    assert all(entity["tags"] == ["gateline"] for entity in found)


def _entities(node: Any, found: list[dict[str, Any]]) -> None:
    if isinstance(node, dict):
        if "id" in node:
            found.append(node)
        for value in node.values():
            _entities(value, found)
    elif isinstance(node, list):
        for item in node:
            _entities(item, found)


def test_it_is_fenced_as_our_own_command_would_do_it() -> None:
    document = compiled(f"{UP}\nroutes: [{{id: a, path: /a, {OPEN}}}]")
    (plugin,) = document["plugins"]
    (lua,) = plugin["config"]["access"]
    assert is_fence(lua)
    before = yaml.safe_dump(document)
    assert fence_document(document) == list(faults(scopes_of(document))) == []
    assert yaml.safe_dump(document) == before


def test_a_route_in_shadow_has_no_fence() -> None:
    document = compiled(f"{UP}\nroutes: [{{id: a, path: /a, {OPEN}, mode: shadow}}, {{id: b, path: /b, {OPEN}}}]")
    (lua,) = document["plugins"][0]["config"]["access"]
    assert run_lua(lua, {}, route={"name": "a"}).status is None
    assert run_lua(lua, {}, route={"name": "b"}).status == 503
    assert compiled(f"mode: shadow\n{UP}\nroutes: [{{id: a, path: /a, {OPEN}}}]")["plugins"] == []


def test_what_matches_nothing_is_the_policy_s_to_refuse() -> None:
    denied = route_of(compiled(f"{UP}\nroutes: [{{id: a, path: /a, {OPEN}}}]"), "gateline~unmatched")
    assert denied["plugins"][0]["config"]["route"] == "*"
    allowed = route_of(compiled(f"unmatched: allow\n{UP}\nroutes: [{{id: a, path: /a, {OPEN}}}]"), "gateline~unmatched")
    assert allowed["plugins"][0]["name"] == "request-termination"


@pytest.mark.parametrize(
    ("rest", "fault"),
    [
        ("routes: [{id: a, path: /a, ROUTE, query: {q: '1'}}]", r"query.q can't be matched"),
        ("routes: [{id: a, path: /a, ROUTE, headers: {x-a: abc}}]", r"headers.x-a can't be matched: Kong compares"),
        ("routes: [{id: a, path: /a, ROUTE, headers: {x-a: {present: true}}}]", "asks whether a header is there"),
        ("routes: [{id: a, path: /caf%C3%A9, ROUTE}]", "has an escape"),
        ("routes: [{id: a, path: /café, ROUTE}]", "or what needs one"),
        (
            "routes: [{id: a, path: /a/b, ROUTE}, {id: b, path: /a, ROUTE, hosts: [x.example]}]",
            r"routes\[1\] would be asked by Kong before a",
        ),
        (
            "routes: [{id: a, path: /a, ROUTE, headers: {x: '1'}}, {id: b, path: /a, ROUTE, headers: {y: '2'}}]",
            "or in no order",
        ),
        (
            "tls: {certificates: [{certificate_file: c, key_file: k}]}\nroutes: [{id: a, path: /a, ROUTE}]",
            "tls is kong.conf",
        ),
        ("api_key_pepper: {env: PEPPER}\nroutes: [{id: a, path: /a, ROUTE}]", "api_key_pepper can't be read"),
    ],
)
def test_what_kong_can_not_do_is_an_error_with_its_line(rest: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=rf"gateline.yaml:\d+: .*{fault}"):
        compile_kong(gateway(f"{UP}\n{rest.replace('ROUTE', OPEN)}"))


@pytest.mark.parametrize("part", ["sni: other.example", "sans: [other.example]"])
def test_an_upstream_is_not_asked_for_another_name_than_the_policy_says(part: str) -> None:
    up = UP.replace("servers:", f"protocol: https, tls: {{{part}}}, servers:")
    with pytest.raises(ConfigError, match=rf"upstreams\[0\].tls.{part[:3]}"):
        compile_kong(gateway(f"{up}\nroutes: [{{id: a, path: /a, {OPEN}}}]"))


def test_an_authority_that_can_not_be_read_is_an_error_with_its_line() -> None:
    up = UP.replace("servers:", "protocol: https, tls: {ca_file: nowhere.pem}, servers:")
    with pytest.raises(ConfigError, match=r"gateline.yaml:\d+: upstreams\[0\].tls.ca_file can't read"):
        compile_kong(gateway(f"{up}\nroutes: [{{id: a, path: /a, {OPEN}}}]"))


def test_an_upstream_must_be_named_like_a_host() -> None:
    route = "{id: a, path: /a, upstream_id: 10.0.0.1, auth_required: false}"
    text = f'upstreams: [{{id: 10.0.0.1, servers: ["a:1"]}}]\nroutes: [{route}]'
    with pytest.raises(ConfigError, match="must be a host name"):
        compile_kong(gateway(text))


def test_the_demo_compiles_and_the_command_writes_it(repository: Path, tmp_path: Path) -> None:
    text = (repository / "gateline.yaml").read_text(encoding="utf-8")
    (tmp_path / "gateline.yaml").write_text(text, encoding="utf-8")
    ran = CliRunner().invoke(main, ["compile", "kong", str(tmp_path / "gateline.yaml"), "--file-in-kong", "/g.yaml"])
    assert ran.exit_code == 0, ran.output
    assert "/g.yaml" in ran.stdout
    assert {route["name"] for route in routes_of(yaml.safe_load(ran.stdout))} >= {"user-api-v1", "canary-route"}


def test_the_model_of_kong_s_router_finds_the_route_of_the_core(tmp_path: Path) -> None:
    """For every gateway of the case tables that Kong can express, and every row of it."""
    keyring().write(tmp_path / ".gateline")
    rows = entries()
    prepared = prepare(rows, tmp_path, "127.0.0.1:1")
    compared = refused = 0
    for key, found in prepared.items():
        try:
            routes = routes_of(compile_kong(found.loaded, "/g.yaml"))
        except ConfigError:
            refused += 1
            continue
        router = build(found.loaded).router
        for row in (entry for entry in rows if key_of(entry.gateway) == key):
            raw = row.case.request
            path = normalised(raw.path.partition("?")[0].encode("utf-8", "surrogateescape")).decode("latin-1")
            request = asked(raw.model_copy(update={"path": path}), 0.0)
            expected = router.find(request, path)
            headers = {name: list(request.headers.all(name)) for name in request.headers.names()}
            got = find(routes, raw.method, path, raw.host, headers)
            assert got is not None
            assert got["name"] == (expected.id if expected is not None else "gateline~unmatched"), row.id
            compared += 1
    assert compared > 100, (compared, refused)
