"""The parts of a compiled configuration on which safety rests, and that Envoy takes every variant."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from betterproto2 import Message
from envoy_data_plane.envoy.config.core.v3 import Address, SocketAddress
from pydantic import ValidationError

from gateline.compile.envoy import EnvoyOptions, bootstrap, compile_envoy, render_yaml
from gateline.compile.envoy.explicit import say_defaults
from gateline.compile.envoy.quickly import remembering
from gateline.compile.needs import needs_of
from gateline.compile.plan import plan
from gateline.config.load import Loaded
from gateline.sanitise.identity_headers import spellings
from tests.compile.envoy_process import validate
from tests.compile.gateways import gateway

PLAIN = """
upstreams: [{id: up, servers: ["127.0.0.1:9001"]}]
routes:
  - {id: a, path: /a, upstream_id: up, auth_required: false}
  - {id: b, path: /b, methods: [GET, POST], upstream_id: up, auth_required: false}
"""
EVERY = """
trusted_hops: 2
unmatched: allow
identity_headers: {user_id: X_User-Name, scopes: null}
upstreams:
  - {id: http, servers: [127.0.0.1:9001, {address: "127.0.0.1:9002", weight: 3}], load_balance: weighted}
  - {id: dns, servers: ["localhost:9003"], load_balance: least-connections, health_check: {path: /up, interval: 7}}
  - {id: tls, protocol: https, servers: ["api.example.com:443"], load_balance: ip-hash, health_check: {}}
  - {id: rpc, protocol: grpc, servers: ["[::1]:50051"], health_check: {interval: 3}, retries: 0}
  - {id: ws, protocol: ws, servers: [127.0.0.1:9005], read_timeout: 900}
routes:
  - {id: http, path: "/a.b+c{}", methods: [GET, PUT], upstream_id: http, auth_required: false, strip_path: true}
  - {id: dns, path: {exact: /d}, upstream_id: dns, auth_required: false, hosts: ["*.example.com", a.example]}
  - {id: tls, path: /t, upstream_id: tls, auth_required: false, query: {"k é": "a b=&", e: "", p: {present: true}}}
  - {id: rpc, path: /pkg.Service, methods: [POST], upstream_id: rpc, auth_required: false, headers: {x-a: "1", x-b: ""}}
  - {id: ws, path: /, upstream_id: ws, auth_required: false, preserve_host: true, mode: shadow, timeout: 3600}
"""
OPTIONS = [
    EnvoyOptions(),
    EnvoyOptions(listen="[::1]:8080", sidecars=("unix:/tmp/a.sock", "unix:/tmp/b.sock"), admin="127.0.0.1:9901"),
    EnvoyOptions(sidecars=("sidecar.local:9191",), access_log=None, proxy_protocol=True),
    EnvoyOptions(access_log="/dev/null"),
]


@cache
def compiled(text: str, options: EnvoyOptions = EnvoyOptions()) -> dict[str, Any]:  # noqa: B008  # frozen
    """A gateway's configuration, made once and only read: the builder is slow."""
    return compile_envoy(gateway(text), options)


def manager(config: dict[str, Any]) -> dict[str, Any]:
    """The HTTP connection manager."""
    (listener,) = config["static_resources"]["listeners"]
    return dict(listener["filter_chains"][0]["filters"][0]["typed_config"])


def filters(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The HTTP filters by name, in order."""
    return {item["name"]: item for item in manager(config)["http_filters"]}


def routes(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The routes by name, in order."""
    return {item["name"]: item for item in manager(config)["route_config"]["virtual_hosts"][0]["routes"]}


@pytest.mark.parametrize(
    ("text", "options"),
    [(EVERY, options) for options in OPTIONS] + [("mode: shadow\n" + PLAIN, EnvoyOptions())],
)
def test_envoy_takes_it_and_yaml_says_the_same(text: str, options: EnvoyOptions, tmp_path: Path) -> None:
    config = compiled(text, options)
    path = tmp_path / "envoy.yaml"
    path.write_text(render_yaml(gateway(text), options))
    assert yaml.load(path.read_text(), yaml.CSafeLoader) == config
    assert validate(path) == ""


def test_the_same_input_gives_the_same_output() -> None:
    assert json.dumps(compiled(EVERY)) == json.dumps(compile_envoy(gateway(EVERY)))


def test_a_builder_that_remembers_builds_the_same_and_is_left_as_it_was() -> None:
    planned, options = plan(gateway(EVERY)), EnvoyOptions()
    theirs = {name: vars(Message)[name] for name in ("_type_hints", "_validate")}
    slowly = bootstrap._made(planned, options)
    say_defaults(slowly)
    assert bootstrap.bootstrap(planned, options) == slowly
    assert {name: vars(Message)[name] for name in theirs} == theirs
    with remembering(), pytest.raises(ValidationError):
        bytes(Address(socket_address=SocketAddress(address="a", port_value="none")))  # type: ignore[arg-type]


def test_it_fails_closed() -> None:
    ask = filters(compiled("budgets: {check_ms: 700, proxy_ms: 900}\n" + PLAIN))
    settings = ask["envoy.filters.http.ext_authz"]["typed_config"]
    assert settings["failure_mode_allow"] is False
    assert settings["status_on_error"] == {"code": "ServiceUnavailable"}
    assert settings["encode_raw_headers"] is True
    assert settings["grpc_service"]["timeout"] == "0.900s"
    assert "disabled" not in ask["envoy.filters.http.ext_authz"]
    assert "gateline.ext_authz_shadow" not in ask


def test_a_route_that_waits_for_a_hash_gets_the_time_for_it() -> None:
    text = 'authentication: [{name: b, method: basic, users: [{user: a, hash: "$2b$04$' + "a" * 53 + '"}]}]\n'
    text += PLAIN.replace("/b, methods: [GET, POST], upstream_id: up, auth_required: false", "/b, upstream_id: up")
    found = routes(compile_envoy(gateway(text)))
    settings = {name: found[name]["typed_per_filter_config"]["envoy.filters.http.ext_authz"] for name in ("a", "b")}
    assert "grpc_service" not in settings["a"]["check_settings"]
    assert settings["b"]["check_settings"]["grpc_service"]["timeout"] == "1.200s"
    written = json.dumps(compiled("budgets: {check_ms: 400, proxy_ms: 500}\n" + text))
    assert "1.200s" not in written


def test_every_route_is_asked_about_under_its_own_name() -> None:
    found = routes(compiled(PLAIN))
    assert list(found) == ["a", "b", "gateline/unmatched"]
    for name in ("a", "b"):
        settings = found[name]["typed_per_filter_config"]["envoy.filters.http.ext_authz"]["check_settings"]
        assert settings == {"context_extensions": {"route": name}}
    assert found["gateline/unmatched"]["direct_response"] == {"status": 404}
    assert "typed_per_filter_config" not in found["gateline/unmatched"]


def test_only_a_route_in_shadow_may_pass_without_the_sidecar() -> None:
    config = compiled(PLAIN.replace("/b,", "/b, mode: shadow,"))
    shadow = filters(config)["gateline.ext_authz_shadow"]
    assert (shadow["disabled"], shadow["typed_config"]["failure_mode_allow"]) == (True, True)
    assert filters(config)["envoy.filters.http.ext_authz"]["typed_config"]["failure_mode_allow"] is False
    assert list(routes(config)["a"]["typed_per_filter_config"]) == ["envoy.filters.http.ext_authz"]
    off = routes(config)["b"]["typed_per_filter_config"]
    assert off["envoy.filters.http.ext_authz"]["disabled"] is True
    assert off["gateline.ext_authz_shadow"]["check_settings"]["context_extensions"] == {"route": "b"}


def test_a_gateway_in_shadow_edits_nothing_and_fails_open() -> None:
    found = filters(compiled("mode: shadow\n" + PLAIN))
    assert "envoy.filters.http.header_mutation" not in found
    assert found["envoy.filters.http.ext_authz"]["typed_config"]["failure_mode_allow"] is True


def test_each_spelling_of_an_identity_header_is_removed_before_gateline_is_asked() -> None:
    import re

    loaded = gateway(EVERY)
    found = filters(compile_envoy(loaded))
    assert list(found).index("envoy.filters.http.header_mutation") < list(found).index("envoy.filters.http.ext_authz")
    mutations = found["envoy.filters.http.header_mutation"]["typed_config"]["mutations"]["request_mutations"]
    patterns = [item["remove_on_match"]["key_matcher"]["safe_regex"]["regex"] for item in mutations]
    for name in loaded.gateway.identity_headers.names.values():
        for spelling in spellings(name):
            assert any(re.fullmatch(pattern, spelling) for pattern in patterns), spelling


def test_the_peer_is_appended_once_whoever_tells_it() -> None:
    for told in (False, True):
        config = compiled(PLAIN, EnvoyOptions(proxy_protocol=told))
        assert manager(config).get("skip_xff_append", False) is not told
        assert ("gateline.forwarded_for" in filters(config)) is not told


def test_only_what_is_idempotent_is_sent_again_after_it_was_sent() -> None:
    found = routes(compiled(PLAIN))
    unsent = "connect-failure,refused-stream,reset-before-request"
    assert found["a"]["route"]["retry_policy"]["retry_on"] == f"{unsent},reset"
    assert found["b"]["route"]["retry_policy"]["retry_on"] == unsent
    assert "retry_on" not in routes(compiled(EVERY))["rpc"]["route"]["retry_policy"]


def test_a_configuration_holds_no_secret_and_needs_none(tmp_path: Path) -> None:
    text = "api_key_pepper: {env: NOT_SET}\nauthentication:\n  - {name: k, method: api_key}\n"
    config = compile_envoy(gateway(text + PLAIN.replace(", auth_required: false", ""), tmp_path))
    assert "NOT_SET" not in json.dumps(config)


def test_files_are_named_whole_and_no_key_is_written(tmp_path: Path) -> None:
    shown = "certificate_file: a.pem, key_file: keys/a.key"
    text = f"tls: {{certificates: [{{{shown}}}], client_certificates: required, client_ca_file: ca.pem}}\n"
    text += PLAIN.replace(
        'id: up, servers: ["127.0.0.1:9001"]', f'id: up, protocol: https, servers: ["a:1"], tls: {{{shown}}}'
    )
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "a.key").write_text("SECRET")
    config = compile_envoy(gateway(text, tmp_path))
    resources = config["static_resources"]
    for holder in (resources["listeners"][0]["filter_chains"][0], resources["clusters"][0]):
        (certificate,) = holder["transport_socket"]["typed_config"]["common_tls_context"]["tls_certificates"]
        assert certificate["private_key"] == {"filename": str(tmp_path / "keys" / "a.key")}
    listener = resources["listeners"][0]["filter_chains"][0]["transport_socket"]["typed_config"]
    assert listener["require_client_certificate"] is True
    assert listener["disable_stateless_session_resumption"] is True
    assert "allow_expired_certificate" not in json.dumps(config)
    assert "SECRET" not in json.dumps(config)


def test_a_route_that_wants_the_certificate_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = gateway("authentication: [{name: k, method: api_key}]\n" + PLAIN.replace(", auth_required: false", ""))
    needs = _needs(loaded)
    asked = needs.__class__(certificate=True, body=True)
    monkeypatch.setattr(type(loaded.gateway.authentication[0]), "proxy_needs", property(lambda _: asked))
    config = compile_envoy(loaded, EnvoyOptions(max_body_bytes=1234))
    settings = filters(config)["envoy.filters.http.ext_authz"]["typed_config"]
    assert settings["include_peer_certificate"] is True
    check = routes(config)["a"]["typed_per_filter_config"]["envoy.filters.http.ext_authz"]["check_settings"]
    assert check["with_request_body"] == {"max_request_bytes": 1234, "pack_as_bytes": True}


def _needs(loaded: Loaded) -> Any:
    return needs_of(loaded.gateway, loaded.gateway.routes[0])
