"""What the compiler refuses, each with its line."""

from __future__ import annotations

import pytest

from gateline.compile.envoy import compile_envoy
from gateline.values.errors import ConfigError
from tests.compile.gateways import gateway

HEAD = """
upstreams:
  - {id: up, servers: ["127.0.0.1:9001"]}
  - {id: rpc, protocol: grpc, servers: ["127.0.0.1:9002"], health_check: {HEALTH}}
  - {id: ws, protocol: ws, servers: ["127.0.0.1:PORT"]}
routes:
  - {id: rpc, path: /rpc, methods: [POST], upstream_id: rpc, auth_required: false}
  - {id: ws, path: /ws, methods: [WSMETHOD], upstream_id: ws, auth_required: false}
"""
FINE = {"HEALTH": "interval: 5", "PORT": "9003", "WSMETHOD": "GET"}


def compiled(route: str = "", **changed: str) -> None:
    text = HEAD + (f"  - {{id: r, auth_required: false, {route}}}\n" if route else "")
    for word, value in (FINE | changed).items():
        text = text.replace(word, value)
    compile_envoy(gateway(text))


CASES = [
    ("an upstream's port is one that exists", {"PORT": "70000"}, "", 6, "upstreams[2].servers[0]"),
    ("gRPC's health check has no path", {"HEALTH": "path: /health"}, "", 5, "upstreams[1].health_check.path"),
    ("a WebSocket begins with GET", {"WSMETHOD": "POST"}, "", 9, "routes[1].methods"),
    ("identity headers are never matched", {}, "path: /a, upstream_id: up, headers: {x_user-id: a}", 10, "x_user-id"),
    ("Host is matched by hosts", {}, "path: /a, upstream_id: up, headers: {host: a}", 10, "use `hosts`"),
    (
        "Envoy's own headers can't be matched",
        {},
        "path: /a, upstream_id: up, headers: {x-forwarded-for: a}",
        10,
        "Envoy sets",
    ),
    ("a comma may join two header lines", {}, "path: /a, upstream_id: up, headers: {x-a: 'a,b'}", 10, "comma"),
    ("a path has no query", {}, "path: '/a?b', upstream_id: up", 10, "use `query`"),
    (
        "a policy alone is not overruled by a compiled route",
        {},
        "path: /ws/admin",
        10,
        "the compiled route ws would take",
    ),
]


TLS = """
tls: {certificates: [{certificate_file: a.pem, key_file: a.key}], client_certificates: optional}
authentication: [{name: m, method: mtls, ca_file: ca.pem}, {name: k, method: api_key}]
upstreams:
  - {id: up, protocol: https, servers: ["a.test:443"]}
routes:
  - {id: r, path: /, upstream_id: up, authentication: {any_of: [m]}}
"""
TLS_CASES = [
    ("a method of certificates needs a listener that asks for them", "optional", "none", 4, "asks no client"),
    ("a certificate that nobody judges is not asked for", "any_of: [m]", "any_of: [k]", 3, "for nobody to judge"),
    (
        "a condition does not take just any certificate for one",
        "upstream_id: up",
        "upstream_id: up, authorization: {when: connection.mtls}",
        8,
        "give tls.client_ca_file",
    ),
    (
        "names and addresses are asked for by one name",
        '"a.test:443"',
        '"a.test:443", "127.0.0.1:443"',
        6,
        "mix names and addresses",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"), [case[1:] for case in TLS_CASES], ids=[c[0] for c in TLS_CASES]
)
def test_tls_is_refused_with_its_line(old: str, new: str, line: int, words: str) -> None:
    compile_envoy(gateway(TLS))
    with pytest.raises(ConfigError) as caught:
        compile_envoy(gateway(TLS.replace(old, new, 1)))
    (fault,) = caught.value.faults
    assert fault.line == line, str(fault)
    assert words in str(fault)


def test_the_head_itself_compiles() -> None:
    compiled()


@pytest.mark.parametrize(("changed", "route", "line", "words"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_it_is_refused_with_its_line(changed: dict[str, str], route: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compiled(route, **changed)
    (fault,) = caught.value.faults
    assert fault.line == line, str(fault)
    assert words in str(fault)


@pytest.mark.parametrize(
    "route",
    [
        "path: /rpc/admin, methods: [GET]",  # no method of the compiled route
        "path: /other",  # no path of one
        "path: /rpcs, methods: [POST]",
    ],
)
def test_a_policy_alone_that_no_compiled_route_touches_is_left_out(route: str) -> None:
    compiled(route)


def test_a_gateway_of_policies_alone_has_nothing_to_compile() -> None:
    with pytest.raises(ConfigError, match="nothing to compile"):
        compile_envoy(gateway("routes: [{id: a, path: /a, auth_required: false}]"))
