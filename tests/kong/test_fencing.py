"""Fences in foreign Kong files: in the right places, and nothing else changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from gateline.cli.main import main
from gateline.compile.kong.fence import is_fence
from gateline.compile.kong.fencing import fence_document
from gateline.compile.kong.in_place import edited
from tests.kong.lua_function import run_lua

POLICY = {"name": "gateline-policy", "config": {"file": "/g.yaml"}}
JWT = {"name": "gateline-jwt", "config": {}}
POST = {"name": "post-function", "config": {"access": ["kong.log.err('mine')"]}}


def kong(plugins: Any = (), service: Any = (), routes: Any = ({"name": "a"},), **more: Any) -> dict[str, Any]:
    copies = [{**route, "plugins": [dict(one) for one in route.get("plugins", ())]} for route in routes]
    services = [{"name": "s", "plugins": [dict(one) for one in service], "routes": copies}]
    return {"_format_version": "3.0", "services": services, "plugins": [dict(one) for one in plugins], **more}


def fenced(document: dict[str, Any]) -> dict[str, Any]:
    copy: dict[str, Any] = yaml.safe_load(yaml.safe_dump(document))
    assert fence_document(copy) == []
    again = yaml.safe_load(yaml.safe_dump(copy))
    fence_document(again)
    assert again == copy, "fencing twice changes more"
    return copy


def access(owner: dict[str, Any]) -> list[str]:
    """The functions that the owner's post-function runs."""
    found = [one for one in owner.get("plugins", ()) if one["name"] == "post-function"]
    return list(found[0]["config"].get("access", ())) if found else []


def lets(lua: str, *verdicts: str, route: str = "a") -> bool:
    return run_lua(lua, {f"gateline_{name}": "pass" for name in verdicts}, route={"name": route}).status is None


def test_a_file_without_our_plugins_is_left_alone() -> None:
    document = kong(plugins=[POST])
    assert fenced(document) == document


def test_a_plugin_of_a_route_is_fenced_on_the_route() -> None:
    found = fenced(kong(routes=[{"name": "a", "plugins": [POLICY]}, {"name": "b"}]))
    (lua,) = access(found["services"][0]["routes"][0])
    assert lets(lua, "policy")
    assert not lets(lua)
    assert access(found["services"][0]["routes"][1]) == access(found) == []


def test_a_plugin_of_a_service_is_fenced_there_once() -> None:
    found = fenced(kong(service=[POLICY], routes=[{"name": "a"}, {"name": "b"}]))
    assert len(access(found["services"][0])) == 1
    assert access(found["services"][0]["routes"][0]) == []


def test_a_post_function_that_is_there_gets_it_as_its_first_element() -> None:
    found = fenced(kong(routes=[{"name": "a", "plugins": [POLICY, POST]}]))
    first, second = access(found["services"][0]["routes"][0])
    assert is_fence(first)
    assert second == "kong.log.err('mine')"


def test_a_global_post_function_is_not_replaced_and_knows_its_routes() -> None:
    found = fenced(kong(plugins=[POST], routes=[{"name": "a", "plugins": [POLICY]}, {"name": "b"}]))
    lua, mine = access(found)
    assert mine == "kong.log.err('mine')"
    assert not lets(lua, route="a")
    assert lets(lua, "policy", route="a")
    assert lets(lua, route="b")


def test_every_post_function_on_the_way_of_a_global_plugin_is_fenced() -> None:
    routes = [{"name": "a"}, {"name": "b", "plugins": [POST]}, {"name": "c", "plugins": [POST, JWT]}]
    found = fenced(kong(plugins=[POLICY], routes=routes))
    (everywhere,) = access(found)
    assert lets(everywhere, "policy")
    own = access(found["services"][0]["routes"][1])[0]
    assert lets(own, "policy")
    assert not lets(own)
    both = access(found["services"][0]["routes"][2])[0]
    assert not lets(both, "policy")
    assert lets(both, "policy", "jwt")


def test_a_post_function_without_access_phase_replaces_the_global_one_all_the_same() -> None:
    only_headers = {"name": "post-function", "config": {"header_filter": ["x"]}}
    found = fenced(kong(plugins=[POLICY], routes=[{"name": "a", "plugins": [only_headers]}]))
    assert is_fence(access(found["services"][0]["routes"][0])[0])


def test_a_fence_goes_when_its_plugin_has_gone() -> None:
    found = fenced(kong(routes=[{"name": "a", "plugins": [POLICY, POST]}]))
    found["services"][0]["routes"][0]["plugins"].pop(0)
    fence_document(found)
    assert access(found["services"][0]["routes"][0]) == ["kong.log.err('mine')"]


def test_a_plugin_that_is_not_enabled_is_not_there() -> None:
    document = kong(routes=[{"name": "a", "plugins": [{**POLICY, "enabled": False}]}])
    assert fenced(document) == document


def test_plugins_at_the_top_find_their_route_and_service() -> None:
    routes = [{"name": "a"}, {"name": "b"}]
    plugins = [{**POLICY, "route": "a"}, {**JWT, "service": {"name": "s"}}]
    found = fenced(kong(plugins=plugins, routes=routes))
    (lua,) = access(found["services"][0])
    assert not lets(lua, "jwt", route="a")
    assert lets(lua, "jwt", "policy", route="a")
    assert lets(lua, "jwt", route="b")


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (kong(routes=[{"name": "a", "plugins": [POLICY, {"name": "proxy-cache"}]}]), "route a: proxy-cache answers"),
        (kong(plugins=[{"name": "request-termination"}], service=[POLICY]), "request-termination answers before"),
        (kong(plugins=[{**POLICY, "consumer": "alice"}]), "gateline-policy of a consumer"),
        (kong(consumers=[{"username": "alice", "plugins": [POLICY]}]), "gateline-policy of a consumer"),
        (kong(plugins=[POST], routes=[{"plugins": [POLICY]}]), "has neither name nor id"),
    ],
)
def test_what_no_fence_can_guard_is_said(document: dict[str, Any], fault: str) -> None:
    (found,) = fence_document(document)
    assert fault in found


SPLIT = {"name": "traffic-split", "config": {}}


@pytest.mark.parametrize(
    "host",
    [{"host": "192.0.2.1"}, {"host": "::1"}, {"url": "http://192.0.2.1:8080/a"}, {"url": "http://[2001:db8::1]/"}],
)
def test_a_split_of_a_service_that_is_an_address_is_said(host: dict[str, str]) -> None:
    """Kong takes set_upstream there, and answers 500."""
    document = kong(routes=[{"name": "a", "plugins": [SPLIT]}])
    document["services"][0].update(host)
    (found,) = fence_document(document)
    assert "route a: traffic-split on service s, whose host is an address" in found


@pytest.mark.parametrize("host", [{}, {"host": "stable"}, {"url": "http://stable/a"}])
def test_a_split_of_a_service_with_a_name_is_fine(host: dict[str, str]) -> None:
    document = kong(routes=[{"name": "a", "plugins": [SPLIT]}])
    document["services"][0].update(host)
    assert fence_document(document) == []


ALIASED = """
services:
- name: s
  routes:
  - name: a
    plugins: [{name: gateline-policy, config: {}}, &post {name: post-function, config: {access: [mine()]}}]
  - name: b
    plugins: [{name: gateline-jwt, config: {}}, *post]
  - name: c
    plugins: [*post]
"""


def test_an_alias_does_not_carry_a_fence_where_it_does_not_belong() -> None:
    after = edited(ALIASED, "kong.yml", fence_document)
    routes = yaml.safe_load(after)["services"][0]["routes"]
    (one, _), (other, _), third = (access(route) for route in routes)
    assert [lets(one, "policy"), lets(one, "jwt")] == [True, False]
    assert [lets(other, "policy"), lets(other, "jwt")] == [False, True]
    assert third == ["mine()"]
    assert edited(after, "kong.yml", fence_document) == after


FOREIGN = """\
# Ours since 2019.
_format_version: "3.0"

services:
- name:   orders      # aligned by hand
  url: 'http://orders:8080'
  routes:
  - name: orders
    paths: [ /orders ]   # flow style, with spaces
    plugins:
    - name: gateline-policy
      config: {file: /etc/gateline.yaml}
    - name: post-function
      config:
        access:
        - |
          kong.log.err("mine")
"""


def test_only_the_lines_of_the_fence_change() -> None:
    after = edited(FOREIGN, "kong.yml", fence_document)
    lines = FOREIGN.splitlines()
    kept = [line for line in after.splitlines() if line in lines]
    assert kept[: len(lines) - 1] == lines[:-1] or [line for line in kept if line.strip() != "- |"] == [
        line for line in lines if line.strip() != "- |"
    ]
    assert len(after.splitlines()) - len(lines) <= 11
    assert yaml.safe_load(after)["services"][0]["routes"][0]["plugins"][1]["config"]["access"][1].startswith("kong.log")


def test_the_command_writes_shows_and_checks(tmp_path: Path) -> None:
    file = tmp_path / "kong.yml"
    file.write_text(FOREIGN, encoding="utf-8")
    run = CliRunner().invoke
    assert run(main, ["kong", "fence", str(file), "--check"]).exit_code == 1
    shown = run(main, ["kong", "fence", str(file), "--diff"])
    assert "+        - |" in shown.output
    assert file.read_text(encoding="utf-8") == FOREIGN
    assert run(main, ["kong", "fence", str(file)]).exit_code == 0
    assert run(main, ["kong", "fence", str(file), "--check"]).exit_code == 0
    once = file.read_text(encoding="utf-8")
    run(main, ["kong", "fence", str(file)])
    assert file.read_text(encoding="utf-8") == once


@pytest.mark.parametrize("text", ["a: [", "- 1\n", ""])
def test_what_is_no_kong_file_is_an_error_with_its_place(tmp_path: Path, text: str) -> None:
    file = tmp_path / "kong.yml"
    file.write_text(text, encoding="utf-8")
    ran = CliRunner().invoke(main, ["kong", "fence", str(file)])
    assert ran.exit_code == 2
    assert str(file) in ran.output
