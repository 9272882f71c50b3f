"""What a plugin gets from Kong and gives to it is the same over both protocols, but where Kong loses something."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kong.driver.kong import KongSide
from tests.kong.driver.request import ClientView, SimRequest
from tests.kong.running import Running, ours

PLUGIN = """
import json

version = "1.0.0"
priority = 900
Schema = ()


class Plugin:
    def __init__(self, config):
        self.mode = config["mode"]

    def access(self, kong):
        value = getattr(self, self.mode)(kong)
        kong.response.set_header("x-value", json.dumps(value, default=list, sort_keys=True))

    def facts(self, kong):
        request, client = kong.request, kong.client
        return [
            request.get_method(), request.get_scheme(), request.get_host(), request.get_port(),
            request.get_http_version(), request.get_path(), request.get_path_with_query(), request.get_raw_query(),
            request.get_query_arg("q"), request.get_header("x-a"), request.get_header("absent"),
            client.get_ip(), client.get_forwarded_ip(),
            kong.nginx.get_var("kong_request_id"), kong.nginx.get_var("absent"), kong.ip.is_trusted("127.0.0.1"),
        ]

    def maps(self, kong):
        return [kong.request.get_headers(), kong.request.get_query()]

    def many(self, kong):
        return [len(kong.request.get_headers()), len(kong.request.get_headers(1000))]

    def shared(self, kong):
        kong.ctx.shared.set("s", {"text": "t", "list": ["a", "b"], "deep": {"x": {"y": "z"}}, "n": 1.5, "yes": True})
        kong.ctx.shared.set("gone", None)
        return [kong.ctx.shared.get("s"), kong.ctx.shared.get("gone"), kong.ctx.shared.get("absent")]

    def consumer(self, kong):
        found = kong.client.load_consumer("alice", True)
        kong.client.authenticate(found, {"id": "11111111-1111-4111-8111-111111111111", "consumer_id": found["id"]})
        nobody = kong.client.load_consumer("nobody", True)
        return [found["username"], found["tags"], kong.client.get_credential()["consumer_id"], nobody]

    def entities(self, kong):
        return [kong.router.get_route()["name"], kong.router.get_service()["host"], kong.client.get_consumer()]

    def edits(self, kong):
        request = kong.service.request
        request.set_method("POST"); request.set_scheme("https")
        request.set_path("/other"); request.set_query({"a": "1"})
        request.set_headers({"x-user": "alice", "x-many": ["1", "2"]}); request.add_header("x-many", "3")
        request.clear_header("x-a"); request.set_raw_body(b"\\xff"); kong.service.set_target("10.0.0.1", 99)
        kong.log("a", 1, None, {"k": 1}); kong.log.err("b")
        return kong.service.set_upstream("u2"), bool(kong.service.set_upstream("absent"))

    def body(self, kong):
        raw = kong.request.get_raw_body(0)
        return [type(raw).__name__, len(raw)]

    def empty_body(self, kong):
        return [len(kong.request.get_raw_body(0))]

    def own(self, kong):
        before = getattr(kong, "mine", None) is not None and not callable(getattr(kong, "mine"))
        kong.mine = 1
        return before

    def table_exit(self, kong):
        kong.response.exit(403, {"message": "no", "n": 1}, {"x-why": "scope"})

    def empty_exit(self, kong):
        kong.response.exit(204)
"""


@pytest.fixture(scope="module")
def reading(protocol: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    plugins = tmp_path_factory.mktemp("pdk")
    (plugins / "reads.py").write_text(PLUGIN, encoding="utf-8")
    with ours(tmp_path_factory.mktemp(f"pdk-{protocol}"), plugins, protocol) as running:
        yield running


@pytest.fixture
def kong(reading: Running, protocol: str) -> Iterator[KongSide]:
    alice = {"id": "b32379d9-3d28-5683-a79c-72139be6e34f", "username": "alice", "custom_id": "a-1", "tags": ["gold"]}
    side = KongSide(str(reading.path), protocol, consumers=[alice], upstreams=["u2"])
    yield side
    side.close()


def ask(kong: KongSide, mode: str, sim: SimRequest | None = None) -> tuple[object, ClientView]:
    view = kong.request(sim or SimRequest(), {"mode": mode}, "reads")
    assert view.status == 200, view
    return json.loads(view.header("x-value")[0]), view


def test_the_facts_of_a_request_read_alike(kong: KongSide) -> None:
    """Absent ones are None, a header's first value counts, a number stays a number."""
    headers = [(b"X-A", b"1"), (b"x-a", b"2")]
    sim = SimRequest(path=b"/a%20b", query=b"q=1&q=2&e=", headers=headers, nginx_vars={"kong_request_id": b"abc"})
    found, _ = ask(kong, "facts", sim)
    head = ["GET", "http", "127.0.0.1", 8000, 1.1, "/a%20b", "/a%20b?q=1&q=2&e=", "q=1&q=2&e=", "1"]
    assert found == [*head, "1", None, "127.0.0.1", "127.0.0.1", "abc", None, False]


def test_headers_and_arguments_are_lists_by_name(kong: KongSide) -> None:
    """Kong sends a single value bare over ProtoBuf:1; a plugin need not know."""
    sim = SimRequest(query=b"q=1&q=2&flag", headers=[(b"X-A", b"1"), (b"x-a", b"2"), (b"host", b"h")])
    found, _ = ask(kong, "maps", sim)
    assert found == [{"x-a": ["1", "2"], "host": ["h"]}, {"q": ["1", "2"], "flag": []}]


def test_headers_beyond_a_hundred_are_seen_when_asked_for(kong: KongSide) -> None:
    """Without a number it is Kong's own default, over ProtoBuf:1 too."""
    sim = SimRequest(headers=[(b"x-%d" % number, b"v") for number in range(150)])
    assert ask(kong, "many", sim)[0] == [100, 150]


def test_tables_go_through_the_shared_context(kong: KongSide) -> None:
    """Nested ones; None is absent."""
    value = {"text": "t", "list": ["a", "b"], "deep": {"x": {"y": "z"}}, "n": 1.5, "yes": True}
    assert ask(kong, "shared")[0] == [value, None, None]


def test_consumers_are_found_and_authenticated(kong: KongSide) -> None:
    """By name; an unknown one is None."""
    found, view = ask(kong, "consumer")
    assert found == ["alice", ["gold"], "b32379d9-3d28-5683-a79c-72139be6e34f", None]
    assert view.consumer is not None
    assert view.consumer[b"username"] == b"alice"


def test_route_and_service_are_dicts(kong: KongSide) -> None:
    """Nobody is None."""
    sim = SimRequest(route={"name": "r", "paths": ["/a"]}, service={"host": "up", "port": 80})
    assert ask(kong, "entities", sim)[0] == ["r", "up", None]


def test_edits_reach_the_upstream(kong: KongSide) -> None:
    """Method, scheme, path, query, headers, body, target; and log lines of any kind do no harm."""
    found, view = ask(kong, "edits", SimRequest(headers=[(b"x-a", b"1")]))
    up = view.upstream
    assert found == [True, False]
    assert up is not None
    assert (up.method, up.scheme, up.path, up.query, up.body) == ("POST", "https", b"/other", b"a=1", b"\xff")
    assert (up.header("x-user"), up.header("x-many"), up.header("x-a")) == ([b"alice"], [b"1", b"2", b"3"], [])
    assert (up.target, up.upstream) == (("10.0.0.1", 99), "u2")


def test_a_body_is_bytes(kong: KongSide) -> None:
    """An empty one too."""
    assert ask(kong, "body", SimRequest(body=b"\xff" * 100))[0] == ["bytes", 100]
    assert ask(kong, "empty_body")[0] == [0]


def test_a_body_in_a_file_is_a_500_where_it_cannot_be_read(kong: KongSide, reading: Running, protocol: str) -> None:
    """Over ProtoBuf:1 Kong names nginx's file, which a server elsewhere may not have: the log says what to do."""
    view = kong.request(SimRequest(body=b"b" * 20_000), {"mode": "body"}, "reads")
    if protocol == "msgpack":
        assert view.header("x-value") == [b'["bytes", 20000]']
    else:
        assert view.status == 500
        assert reading.wrote("raise Kong's nginx_http_client_body_buffer_size")


def test_what_a_plugin_sets_on_kong_stays_with_its_event(kong: KongSide) -> None:
    """Nothing of one request is seen by the next."""
    assert [ask(kong, "own")[0] for _ in range(3)] == [False, False, False]


def test_a_table_as_the_body_of_an_exit_is_json(kong: KongSide) -> None:
    """Over ProtoBuf:1 the server writes it, over MsgPack:1 Kong."""
    view = kong.request(SimRequest(), {"mode": "table_exit"}, "reads")
    assert (view.status, json.loads(view.body), view.header("x-why")) == (403, {"message": "no", "n": 1}, [b"scope"])
    assert view.header("content-type") == [b"application/json; charset=utf-8"]
    assert kong.request(SimRequest(), {"mode": "empty_exit"}, "reads").status == 204


def test_a_body_in_a_file_is_read_where_it_can_be(kong: KongSide, tmp_path: Path) -> None:
    """A server on Kong's machine reads what nginx wrote."""
    path = tmp_path / "0000000001"
    path.write_bytes(b"b" * 20_000)
    sim = SimRequest(body=b"b" * 20_000, body_file=str(path).encode())
    assert ask(kong, "body", sim)[0] == ["bytes", 20_000]
