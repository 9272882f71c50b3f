"""Envoy finds the same route as the core, for random tables and requests: one real Envoy, a listener per table."""

from __future__ import annotations

import http.client
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.gateway.processes import free_ports
from gateline.compile.envoy import EnvoyOptions, compile_envoy
from gateline.config.load import Loaded, load_data
from gateline.route.router import Router
from gateline.schema.secret import Sources
from gateline.values.errors import ConfigError
from gateline.values.headers import Headers
from gateline.values.request import Request
from tests.compile.envoy_process import Envoy

TABLES, REQUESTS = 10, 160
PATHS = ["/", "/a", "/ab", "/a/b", "/a/b/c", "/a.b", "/a+b", "/x/y"]
HOSTS = ["a.test", "*.test", "*.a.test", "b.test"]
HEADERS = {"x-a": ["1", "", {"present": True}, {"present": False}], "x_b": ["é(.*)", {"present": False}]}
QUERY = {"k": ["v", "", "a=b&c", {"present": True}, {"present": False}], "ü+ k=": ["1 2", "*"]}

ASKED_PATHS = [*PATHS, "/a/", "/abc", "/a/b/", "/a/b/c/d", "/aXb", "/A", "/a/bc", "/x/y/z", "/q"]
ASKED_HOSTS = ["a.test", "A.TEST:8080", "b.a.test", "b.test.", "test", ".test", "a.test.evil", "[::1]:80", "xa.test"]
ASKED_HEADERS = [[], [("x-a", "1")], [("x-a", "1"), ("x-a", "1")], [("x-a", "")], [("X_B", "é(.*)")], [("x_b", "é")]]
ASKED_QUERY = [
    "",
    "?k=v",
    "?k=%76&z=1",
    "?k=v&k=v",
    "?k",
    "?k=",
    "?%6b=a%3Db%26c",
    "?k=a=b%26c",
    "?kk=v&z?k=v",
    "?z=&&k=v",
    "?%C3%BC%2B+k%3d=1%202",
    "?%c3%bc%2b%20k%3D=%2A&k=w",
]


def random_gateway(choose: random.Random) -> Loaded:
    """A table of routes that the loader takes."""
    while True:
        routes = [_random_route(choose, number) for number in range(choose.randint(2, 9))]
        choose.shuffle(routes)
        upstreams = [{"id": "up", "servers": ["127.0.0.1:9"]}]
        try:
            return load_data(
                {"version": 1, "upstreams": upstreams, "routes": routes}, "random", {}, Sources(Path(), {})
            )
        except ConfigError:
            continue


def _random_route(choose: random.Random, number: int) -> dict[str, Any]:
    path = choose.choice(PATHS)
    route: dict[str, Any] = {"id": f"r{number}", "upstream_id": "up", "auth_required": False}
    route["path"] = {"exact": path} if choose.random() < 0.3 else path
    route["methods"] = choose.choice([["GET"], ["POST"], ["GET", "POST"]])
    if choose.random() < 0.4:
        route["hosts"] = choose.sample(HOSTS, choose.randint(1, 2))
    for field, table in (("headers", HEADERS), ("query", QUERY)):
        if choose.random() < 0.4:
            name = choose.choice(list(table))
            route[field] = {name: choose.choice(table[name])}
    return route


def telling(config: dict[str, Any], number: int) -> dict[str, Any]:
    """A compiled listener that answers with the name of the route instead of asking and forwarding."""
    (listener,) = config["static_resources"]["listeners"]
    listener["name"] = f"table-{number}"
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    manager["http_filters"] = manager["http_filters"][-1:]
    del manager["local_reply_config"]
    for route in manager["route_config"]["virtual_hosts"][0]["routes"]:
        route.pop("route", None)
        route.pop("typed_per_filter_config", None)
        route["direct_response"] = {"status": 200, "body": {"inline_string": route["name"]}}
    return dict(listener)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[Loaded, int]]]:
    choose = random.Random(20261124)
    found = [(random_gateway(choose), free_ports(1)) for _ in range(TABLES)]
    configs = [
        compile_envoy(loaded, EnvoyOptions(listen=f"127.0.0.1:{port}", admin="127.0.0.1:0", access_log=None))
        for loaded, port in found
    ]
    merged = configs[0]
    # Each table has the switches that it needs; together they need all of them.
    merged["layered_runtime"] = max(
        (config.get("layered_runtime", {}) for config in configs), key=lambda it: len(str(it))
    )
    merged["static_resources"]["listeners"] = [telling(config, number) for number, config in enumerate(configs)]
    envoy = Envoy(merged, tmp_path_factory.mktemp("order"))
    yield found
    envoy.close()


def test_envoy_finds_the_route_that_the_core_finds(tables: list[tuple[Loaded, int]]) -> None:
    choose = random.Random(1)
    matched = 0
    for loaded, port in tables:
        router = Router((route.match, route.id) for route in loaded.gateway.routes)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        for _ in range(REQUESTS):
            method, host = choose.choice(["GET", "POST"]), choose.choice(ASKED_HOSTS)
            path, query = choose.choice(ASKED_PATHS), choose.choice(ASKED_QUERY)
            headers = choose.choice(ASKED_HEADERS)
            asked = Request(method, path + query, host, Headers.of(headers), "127.0.0.1", 0.0)
            expected = router.find(asked, path) or "gateline/unmatched"
            matched += expected != "gateline/unmatched"
            found = _ask(connection, method, path + query, host, headers)
            assert found == expected, (
                asked.method,
                asked.target,
                host,
                headers,
                [r.match for r in loaded.gateway.routes],
            )
        connection.close()
    assert matched > TABLES * REQUESTS / 10


def _ask(
    connection: http.client.HTTPConnection, method: str, target: str, host: str, headers: list[tuple[str, str]]
) -> str:
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    connection.putheader("host", host)
    connection.putheader("content-length", "0")
    for name, value in headers:
        connection.putheader(name, value.encode())
    connection.endheaders()
    response = connection.getresponse()
    body = response.read().decode()
    assert response.status == 200, (method, target, host, headers, response.status, body)
    return body
