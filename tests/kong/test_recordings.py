"""The driver says, row by row, what a real Kong 3.9.3 said in every recording, and its clients get what Kong's got."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest

from tests.kong.driver.kong import KongSide
from tests.kong.driver.lua import Exit
from tests.kong.driver.pdk import Pdk
from tests.kong.driver.pdk_request import collect
from tests.kong.driver.request import ClientView, SimRequest
from tests.kong.playback import Playback, Row, raw_of, readable, rows_of

AGENT, ACCEPT = (b"user-agent", b"curl/7.88.1"), (b"accept", b"*/*")
HOST = (b"host", b"127.0.0.1:28000")
KEY = (b"x-api-key", b"secret")
Configs = dict[tuple[str, str], dict[str, object]]


@contextmanager
def playing(paths: dict[str, str], rows: dict[str, list[Row]]) -> Iterator[dict[str, Playback]]:
    servers = {name: Playback(paths[name], rows[name]) for name in paths}
    try:
        yield servers
    finally:
        for server in servers.values():
            server.close()


def check(servers: dict[str, Playback], rows: dict[str, list[Row]]) -> None:
    for name, server in servers.items():
        assert server.faults == []
        wanted = [row for row in rows[name] if row["from"] == "kong" and not row.get("closed")]
        assert len(server.pairs) == len(wanted)
        for row, raw in server.pairs:
            recorded = raw_of(row)
            assert readable(row, raw) == readable(row, recorded), row
            assert len(raw) == len(recorded), row


def started(row: Row) -> tuple[str, dict[str, object]] | None:
    text = json.dumps(row.get("message", ""))
    if row["from"] != "kong" or not ("cmd_start_instance" in text or "plugin.StartInstance" in text):
        return None
    if "frame" in row:
        given = row["message"]["RpcCall"]["cmd_start_instance"]
        return given["name"], json.loads(given["config"])
    given = row["message"][3][0]
    return given["Name"], json.loads(given["Config"])


def after_the_fact(group: list[Row], route: str, configs: Configs) -> None:
    """The configurations as Kong has them when the request comes: the recording tells them in StartInstance."""
    for row in group:
        found = started(row)
        if found is not None:
            configs[route, found[0]] = found[1]


def pre_function(sim: SimRequest) -> SimRequest:
    """The two-call form: what the recorded pre-function put into ctx.shared."""
    path = sim.path + (b"?" + sim.query if sim.query else b"")
    facts = {b"m": sim.method.encode(), b"p": path, b"h": collect(sim.headers, 100), b"ip": sim.client_ip.encode()}
    return replace(sim, shared={"gl": facts})


def post_function(pdk: Pdk) -> None:
    """The recorded fence."""
    verdict = pdk.change.shared.get(b"gv")
    if not isinstance(verdict, dict):
        raise Exit(503, b"fence", {})
    if b"exit" in verdict:
        raise Exit(int(verdict[b"exit"][b"status"]), verdict[b"exit"][b"body"], {})


def consumer_of(rows: list[Row]) -> list[dict[str, object]]:
    """Alice, as Kong loaded her at that time."""
    for row in rows:
        message = row.get("message")
        if row["from"] == "kong" and row.get("method") == "kong.client.load_consumer":
            return [message["Consumer"]]
        if row["from"] == "kong" and isinstance(message, list) and message[2] == "plugin.StepConsumer":
            return [message[3][0]["Data"]]
    return []


TWO_STATUS = {
    "two-ok": 200,
    "two-ok-again": 200,
    "two-deny": 401,
    "auth": 200,
    "upstream": 200,
    "both-ok": 200,
    "both-deny": 401,
    "two-while-down": {"msgpack": 503, "protobuf": 500},
}


@pytest.mark.parametrize("protocol", ["msgpack", "protobuf"])
def test_config_changes_and_restarts_go_as_recorded(protocol: str, tmp_path: Path) -> None:
    """Two plugins on one socket, /config, a restart: each message of Kong, and each client's status."""
    name = f"kong-3.9.3-{protocol}-2.jsonl"
    rows = rows_of(name)
    path = str(tmp_path / "s")
    with playing({"all": path}, {"all": rows}) as servers:
        kong = KongSide(path, protocol, consumers=[], upstreams=["u2"])
        configs: Configs = {}
        for during, grouped in groupby(rows, key=lambda row: row["during"]):
            group = list(grouped)
            if during == "server-restart":
                continue
            kong._consumers = consumer_of(group) or kong._consumers
            view = _second_set(kong, servers["all"], during, group, configs)
            wanted = TWO_STATUS.get(during, 200)
            assert view.status == (wanted[protocol] if isinstance(wanted, dict) else wanted), during
            assert not view.endless
        kong.close()
    check(servers, {"all": rows})


def _second_set(kong: KongSide, server: Playback, during: str, group: list[Row], configs: Configs) -> ClientView:
    route = during.split("-", maxsplit=1)[0]
    after_the_fact(group, route, configs)
    headers = [AGENT, ACCEPT, HOST] if during.endswith("deny") else [AGENT, ACCEPT, HOST, KEY]
    query = b"a=1" if during.startswith("two-ok") else None
    sim = SimRequest(path=b"/" + route.encode(), query=query, headers=headers)
    names = ["probe", "probe2"] if route == "both" else ["probe"]
    plugins = [(plugin, configs[route, plugin]) for plugin in names]
    if during == "two-while-down":
        server.down()
    view = kong.run(pre_function(sim) if route == "two" else sim, plugins, post_function if route == "two" else None)
    if during == "two-while-down":
        server.up()
    if during == "both-ok":
        assert view.header("x-second") == [b"b"]
        assert view.upstream is not None
        assert view.upstream.header("x-user") == [b"alice"]
    if during == "upstream":
        assert view.upstream is not None
        assert view.upstream.upstream == "u2"
    return view


FAULT_STATUS = {
    "exit-first-call": 403,
    "errstr": 500,
    "errstr_after": 500,
    "badmethod": 500,
    "pdkerr": 500,
    "hang": 500,
    "hang_after": 500,
    "garbage": 500,
    "wrongseq": 500,
    "initfail": 500,
}


def test_the_faults_of_a_protobuf_server_go_as_recorded(tmp_path: Path) -> None:
    """Closing, garbage, hanging, exits, strange values: each message, each connection, each status."""
    rows = rows_of("kong-3.9.3-protobuf-faults.jsonl")
    path = str(tmp_path / "s")
    retries = {"close_n": 2, "close_after_n": 2}
    with playing({"all": path}, {"all": rows}) as servers:
        kong = KongSide(path, "protobuf", read_timeout_s=0.2)
        configs: Configs = {}
        for during, grouped in groupby(rows, key=lambda row: row["during"]):
            route = "key" if during.startswith("key") else during
            after_the_fact(list(grouped), route, configs)
            headers = [KEY] if route == "key" else [(b"x-a", b"\xff\xfe")] if route == "readhdr-ff" else []
            body = b"b" * 20_000 if route == "bigbody" else b""
            view = kong.request(SimRequest(headers=headers, body=body), configs[route, "probe"], "probe")
            assert view.status == FAULT_STATUS.get(during, 200), during
            assert view.retries == retries.get(during, 0)
            if route == "readhdr-ff":
                assert view.upstream is not None
                assert view.upstream.header("x-copy") == [b"\xff\xfe"]
            if route == "close_after_n":
                assert view.header("x-effect") == [b"1", b"1", b"1"]
            if route == "exit-first-call":
                assert (view.body, view.header("x-why")) == (b"\xffno", [b"scope"])
        kong.close()
    check(servers, {"all": rows})


def test_a_poisoned_connection_lets_requests_through_as_recorded(tmp_path: Path) -> None:
    """The stock server after an exception: Kong uses the silent connection again and again."""
    rows = rows_of("kong-3.9.3-msgpack-poisoned.jsonl")
    path = str(tmp_path / "s")
    with playing({"all": path}, {"all": rows}) as servers:
        kong = KongSide(path, "msgpack", read_timeout_s=0.05)
        configs: Configs = {}
        for during, grouped in groupby(rows, key=lambda row: row["during"]):
            group = list(grouped)
            if during == "server-restart":
                continue
            view = _poisoned(kong, servers["all"], during, group, configs)
            known = {"two-ok", "two-ok-again", "two-deny", "two-after-restart", "two-after-restart-2"}
            assert view.status == (503 if during in known else 500), during  # 500: the instance could not start
        kong.close()
    check(servers, {"all": rows})


def _poisoned(kong: KongSide, server: Playback, during: str, group: list[Row], configs: Configs) -> ClientView:
    route = during.split("-", maxsplit=1)[0]
    after_the_fact(group, route, configs)
    headers = [AGENT, ACCEPT, HOST] if during.endswith("deny") else [AGENT, ACCEPT, HOST, KEY]
    sim = SimRequest(path=b"/" + route.encode(), query=b"a=1" if during.startswith("two-ok") else None, headers=headers)
    if during == "two-while-down":
        server.down()
    fence = post_function  # the other routes had none, and passed: it only tells the two apart here
    view = kong.run(pre_function(sim) if route == "two" else sim, [("probe", configs[route, "probe"])], fence)
    if during == "two-while-down":
        server.up()
    return view


def test_the_first_recording_goes_as_recorded(tmp_path: Path) -> None:
    """Every fact of a request, bodies, exits, edits, errors of the PDK; a log and a response plugin."""
    name = "kong-3.9.3-plugin-protocol.jsonl"
    plugins = ("probe", "probe_log", "probe_resp")
    rows = {plugin: rows_of(name, plugin) for plugin in plugins}
    paths = {plugin: str(tmp_path / plugin) for plugin in plugins}
    configs = {plugin: [found[1] for row in rows[plugin] if (found := started(row))] for plugin in plugins}
    order = _first_set(rows)
    with playing(paths, rows) as servers:
        phases = {"probe_log": ["log"], "probe_resp": ["response"]}
        kong = KongSide("", "msgpack", read_timeout_s=0.2, sockets=paths, phases=phases)
        views = [kong.run(sim, [(plugin, configs[plugin][at]) for plugin, at in used]) for sim, used, _ in order]
        kong.close()
    assert [view.status for view in views] == [status for _, _, status in order]
    assert views[1].errors == ["no data"]
    assert (views[4].body, views[4].header("x-why")) == (b'{"message":"no","list":{}}', [b"scope"])
    assert views[5].body == b"raw \xff bytes"
    assert views[11].body == b'{"changed":true}'
    check(servers, rows)


def _first_set(rows: dict[str, list[Row]]) -> list[tuple[SimRequest, list[tuple[str, int]], int]]:
    """The requests of the first recording: what came, which plugins with which of their configurations, the status."""
    routes = [row["message"][3][0]["Data"] for row in rows["probe"] if "StepRoute" in json.dumps(row.get("message"))]
    services = [
        row["message"][3][0]["Data"] for row in rows["probe"] if "StepService" in json.dumps(row.get("message"))
    ]
    logged = next(
        row["message"][3][0]["Data"] for row in rows["probe_log"] if "client_ip" in json.dumps(row.get("message"))
    )
    facts = SimRequest(path=b"/facts", headers=[(b"host", b"127.0.0.1:8000"), ACCEPT, AGENT])
    first = replace(facts, path=b"/facts/x%2Fy", query=b"q=1&q=2&e=", route=routes[0], service=services[0])
    first.headers = [*facts.headers, (b"x-a", b"1"), (b"X-A", b"2")]
    byte = replace(facts, query=b"q=%ff", headers=[*facts.headers, (b"x-a", b"\xff\xfe")])
    json_body = SimRequest(method="POST", headers=[(b"content-type", b"application/json")], body=b'{"a":1}')
    logs = replace(facts, path=b"/lg", route=routes[1], service=services[1], log_serialized=logged.encode())
    return [
        (first, [("probe", 0)], 200),
        (byte, [("probe", 0)], 200),
        (json_body, [("probe", 1)], 200),
        (replace(json_body, body=b"x" * 20_000), [("probe", 2)], 500),
        *(
            (facts, [("probe", number)], status)
            for number, status in ((3, 403), (4, 401), (5, 200), (6, 500), (7, 500), (8, 200))
        ),
        (logs, [("probe", 9), ("probe_log", 0)], 200),
        (facts, [("probe_resp", 0)], 200),
        (facts, [("probe", 10)], 200),
        (facts, [("probe", 0)], 200),
    ]
