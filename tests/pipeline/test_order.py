"""Which steps a route gets, in which order, where their rules stand in the file, and what they read of a request."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateline.config.load import load_text
from gateline.context import Context
from gateline.pipeline.build import build
from gateline.pipeline.order import ORDER
from gateline.pipeline.step import BuiltRoute, Step
from gateline.schema.secret import Sources
from gateline.values.decision import Reply
from gateline.values.request import Needs
from tests.pipeline.policies import request

TOP = """\
version: 1
namespace: shop
budgets: {store_ms: 20}
rate_limit_headers: draft
api_key_pepper: {env: PEPPER}
authentication:
  - {name: keys, method: api_key, header: x-key}
  - {name: guests, method: anonymous}
roles: {admin: {users: [alice]}}
tiers: {gold: {requests_per_minute: 600}}
upstreams: [{id: a, servers: ["h:1"]}, {id: b, servers: ["h:2"]}]
"""
EVERYWHERE = "global_rate_limit: {key_by: ip}\n"
ROUTE = "routes:\n  - id: r\n    path: /r\n"
ALL = (
    "rate_limit: {key_by: user_id}\n    tenant: acme\n    authorization:\n      scopes: {all: [a]}\n"
    "      groups: {any: [g]}\n      when: \"request.headers['x-a'] == '1'\"\n"
    "    traffic_split: {upstream_weights: [{weight: 1, target: a}], sticky_by: ip}"
)
SOURCES = Sources(Path(), {"PEPPER": "pepper"})
KEY, ADDRESS = Needs(headers=frozenset({"x-key"})), Needs(client_address=True)
LIMITS = ("limit by address", "global_rate_limit", ADDRESS)


def route_of(text: str) -> BuiltRoute:
    """The route `r`."""
    return build(load_text(text, "gateline.yaml", SOURCES)).routes["r"]


def steps_of(text: str) -> tuple[Step, ...]:
    """The steps of the route `r`."""
    return route_of(text).steps


def seen(text: str) -> list[tuple[str, str, Needs]]:
    """Each step's name, the field that stands at its place, and what it reads."""
    lines, route = ["", *text.splitlines()], route_of(text)
    return [
        (step.name, lines[int(rule.removeprefix("gateline.yaml:"))].strip(" -").partition(":")[0], step.needs)
        for step, rule in zip(route.steps, route.rules, strict=True)
    ]


@pytest.mark.parametrize(
    ("top", "route", "steps"),
    [
        ("", "", [("authenticate", "id", KEY), ("roles", "roles", Needs())]),
        ("", "auth_required: false", []),
        (
            "",
            "auth_required: true",
            [("authenticate", "auth_required", KEY), ("roles", "roles", Needs())],
        ),
        (
            "",
            "authentication: {any_of: [guests]}",
            [("authenticate", "authentication", Needs()), ("roles", "roles", Needs())],
        ),
        (EVERYWHERE, "auth_required: false", [LIMITS]),
        (
            EVERYWHERE,
            ALL,
            [
                ("limit by address", "rate_limit", ADDRESS),
                ("authenticate", "id", KEY),
                ("roles", "roles", Needs()),
                ("authorise", "tenant", Needs()),
                ("authorise", "scopes", Needs()),
                ("authorise", "groups", Needs()),
                ("authorise", "when", Needs(headers=frozenset({"x-a"}))),
                ("limit by identity", "rate_limit", ADDRESS),
                ("split", "traffic_split", ADDRESS),
            ],
        ),
        (
            "",
            "auth_required: false\n    protected_resource: {resource: 'https://api.example.com'}",
            [("metadata", "protected_resource", Needs())],
        ),
        (
            "",
            "auth_required: false\n    traffic_split: {upstream_weights: [{weight: 1, target: a}]}",
            [("split", "traffic_split", Needs())],
        ),
    ],
    ids=["least", "open", "required", "named methods", "global limit", "everything", "metadata", "split"],
)
def test_a_route_has_the_steps_of_its_fields(top: str, route: str, steps: list[tuple[str, str, Needs]]) -> None:
    """In the order of the table; a field that is left out stands where its route begins."""
    assert seen(f"{TOP}{top}{ROUTE}    {route}\n") == steps


def test_without_roles_in_the_policy_no_step_completes_them() -> None:
    """What no policy gives, no request pays for."""
    top = TOP.replace("roles: {admin: {users: [alice]}}\n", "")
    assert [step.name for step in steps_of(f"{top}{ROUTE}")] == ["authenticate"]


def test_a_rule_in_shadow_is_a_step_in_shadow_and_no_other_is() -> None:
    """Its neighbours are enforced."""
    route = "    authorization: {scopes: {all: [a], mode: shadow}, groups: {any: [g]}}\n"
    found = [(step.name, step.shadow) for step in steps_of(f"{TOP}{ROUTE}{route}")]
    assert found == [("authenticate", False), ("roles", False), ("authorise", True), ("authorise", False)]


def test_the_document_names_the_issuers_of_the_policy_once_each() -> None:
    """Methods without an issuer have none to name."""
    tokens = "".join(
        f"  - {{name: {name}, method: introspection, issuer: 'https://{issuer}', url: 'https://{issuer}/i',"
        f" client_id: c, client_secret: {{env: PEPPER}}}}\n"
        for name, issuer in (("one", "a.test"), ("two", "b.test"), ("three", "a.test"))
    )
    top = TOP.replace("roles:", f"{tokens}roles:")
    route = "    auth_required: false\n    protected_resource: {resource: 'https://api.example.com'}\n"
    (step,) = steps_of(f"{top}{ROUTE}{route}")
    reply = step.run(None)  # type: ignore[arg-type]  # it reads nothing
    assert isinstance(reply, Reply)
    assert b'"authorization_servers": ["https://a.test", "https://b.test"]' in reply.body


def test_every_row_of_the_table_gives_its_reason_once() -> None:
    """The order is read by people: a row without a reason, or two of one name, is a mistake."""
    names = [row.name for row in ORDER]
    assert names == ["limit by address", "authenticate", "authorise", "limit by identity", "metadata", "split"]
    assert len({row.reason for row in ORDER}) == len(names)


def test_a_split_without_a_salt_draws_each_route_s_users_anew() -> None:
    """Who is on the canary of one route is not thereby on that of another."""
    split = (
        "auth_required: false\n    traffic_split: {upstream_weights: [{weight: 1, target: a}, {weight: 1, target: b}], "
    )
    chosen = []
    for route in ("r", "other"):
        text = f"{TOP}{ROUTE}    {split}sticky_by: ip}}\n".replace("id: r\n", f"id: {route}\n")
        (step,) = build(load_text(text, "gateline.yaml", SOURCES)).routes[route].steps
        found = []
        for number in range(64):
            context = Context(request("/r"))
            context.client = f"203.0.113.{number}"
            assert step.run(context) is None
            found.append(context.upstream)
        chosen.append(found)
    assert {"a", "b"} == set(chosen[0]) == set(chosen[1])
    assert chosen[0] != chosen[1]
