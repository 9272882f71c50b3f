"""A snapshot is what its file says: routes with their budgets, modes and needs, the open route, methods and domains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateline.config.load import load_data, load_text
from gateline.context import Context
from gateline.effects import Take
from gateline.pipeline.build import Snapshot, build
from gateline.pipeline.run import Pipeline
from gateline.runtime.drive import drive_now
from gateline.runtime.memory_store import MemoryStore
from gateline.schema.secret import Sources
from gateline.values.decision import Allow, Deny
from gateline.values.errors import ConfigError
from gateline.values.request import Needs
from tests.pipeline.policies import request

SLOW = {"name": "tokens", "method": "introspection", "url": "https://a.test/i", "client_id": "c"}
METHODS = [{"name": "keys", "method": "api_key", "header": "x-key"}, {**SLOW, "client_secret": {"env": "PEPPER"}}]
QUICK: dict[str, Any] = {"authentication": {"any_of": ["keys"]}}
OPEN: dict[str, Any] = {"auth_required": False}
BOTH: dict[str, Any] = {}


def built(*routes: dict[str, Any], environ: dict[str, str] | None = None, **fields: Any) -> Snapshot:
    """The snapshot of a gateway; its routes are called `r0`, `r1`, …"""
    named = [{"id": f"r{index}", "path": f"/{index}", **route} for index, route in enumerate(routes)]
    data = {"version": 1, "api_key_pepper": {"env": "PEPPER"}, "authentication": METHODS, "routes": named, **fields}
    sources = Sources(Path(), {"PEPPER": "pepper"} if environ is None else environ)
    return build(load_data(data, "gateline.yaml", {}, sources))


@pytest.mark.parametrize(
    ("routes", "budgets", "each", "longest"),
    [
        ([QUICK, OPEN], {}, [0.15, 0.15], 0.15),
        ([QUICK, BOTH], {}, [0.15, 1.0], 1.0),
        ([BOTH, QUICK], {"check_ms": 100}, [0.1, 0.1], 0.1),
        ([], {"check_ms": 120}, [], 0.12),
        ([], {"check_ms": 2000, "proxy_ms": 3000}, [], 2.0),
    ],
    ids=["quick", "slow method", "written", "no route", "no route and long"],
)
def test_a_decision_may_take_what_the_budgets_of_its_route_say(
    routes: list[dict[str, Any]], budgets: dict[str, int], each: list[float], longest: float
) -> None:
    """In seconds; the snapshot's own figure is the longest that any request may take."""
    snapshot = built(*routes, budgets=budgets)
    assert [route.check_s for route in snapshot.routes.values()] == each
    assert snapshot.check_s == longest


@pytest.mark.parametrize(
    ("route", "gateway", "hidden"),
    [
        ("enforce", "enforce", False),
        ("shadow", "enforce", True),
        ("enforce", "shadow", True),
        ("shadow", "shadow", True),
    ],
)
def test_a_route_is_in_shadow_where_it_or_its_gateway_is(route: str, gateway: str, hidden: bool) -> None:
    """A route that enforces nothing does not open its neighbours, nor what matches none."""
    snapshot = built({**QUICK, "mode": route}, QUICK, mode=gateway, unmatched="allow")
    whole = gateway == "shadow"
    assert [one.shadow for one in snapshot.routes.values()] == [hidden, whole]
    assert (snapshot.shadow, snapshot.domains.shadow) == (whole, whole)
    assert snapshot.unmatched is not None
    assert snapshot.unmatched.shadow is whole


@pytest.mark.parametrize(
    ("route", "needs"),
    [
        (OPEN, Needs(headers=frozenset({"x-forwarded-for"}))),
        ({**OPEN, "query": {"q": "1"}}, Needs(headers=frozenset({"x-forwarded-for"}), query=True)),
        ({**OPEN, "headers": {"X-Version": "2"}}, Needs(headers=frozenset({"x-forwarded-for", "x-version"}))),
        (QUICK, Needs(headers=frozenset({"x-forwarded-for", "x-key"}))),
        (
            {**QUICK, "rate_limit": {"key_by": "user_id"}},
            Needs(headers=frozenset({"x-forwarded-for", "x-key"}), client_address=True),
        ),
    ],
    ids=["least", "query", "header", "method", "limit"],
)
def test_a_route_needs_what_its_conditions_and_its_steps_read(route: dict[str, Any], needs: Needs) -> None:
    """An adapter fetches this much of a request and no more."""
    assert built(route).routes["r0"].needs == needs


def test_the_parts_of_the_file_arrive() -> None:
    """Each under its name, and a route's place is the line where it begins."""
    text = (
        "version: 1\nnamespace: shop\ntrusted_hops: 2\nbudgets: {store_ms: 20}\nrate_limit_headers: draft\n"
        "identity_headers: {user_id: x-sub}\ndomains: [{domain: d, descriptors: [{key: k, rate_limit: "
        "{unit: second, requests_per_unit: 1}}]}]\nunmatched: allow\n"
        "authentication: [{name: guests, method: anonymous}]\nroutes:\n  - {id: a, path: /a}\n  - {id: b, path: /b}\n"
    )
    loaded = load_text(text, "gateline.yaml", Sources(Path(), {}))
    snapshot = build(loaded)
    assert snapshot.revision == loaded.revision
    assert snapshot.trusted_hops == 2
    assert list(snapshot.methods) == ["guests"]
    assert [(name, route.id, route.rule) for name, route in snapshot.routes.items()] == [
        ("a", "a", "gateline.yaml:11"),
        ("b", "b", "gateline.yaml:12"),
    ]
    assert snapshot.unmatched is not None
    assert (snapshot.unmatched.id, snapshot.unmatched.rule) == ("", "gateline.yaml:8")
    assert snapshot.identity_headers.names["user_id"] == "x-sub"
    assert (snapshot.domains.form, snapshot.domains.within_s, snapshot.domains.shadow) == ("draft", 0.02, False)
    limit = snapshot.domains.trees["d"].find([("k", "v")])
    assert limit is not None
    assert limit.key.startswith("gl:shop:{domain:d}:fixed_window:")


RULES: dict[str, Any] = {"authorization": {"scopes": {"all": ["a"]}, "roles": {"any": ["b"]}, "when": "true"}}
OWN: dict[str, Any] = {"rate_limit": {"key_by": "user_id"}}


@pytest.mark.parametrize(
    ("route", "other", "alike"),
    [
        (QUICK, QUICK, True),
        (OPEN, OPEN, True),
        (BOTH, {"tenant": "t"}, False),
        ({"tenant": "t"}, {"tenant": "t"}, True),
        ({"tenant": "t"}, {"tenant": "u"}, False),
        (QUICK, BOTH, False),
        (QUICK, {**QUICK, "auth_required": False}, False),
        (QUICK, {"authentication": {"all_of": ["keys"]}}, False),
        (RULES, RULES, True),
        (RULES, {"authorization": {**RULES["authorization"], "roles": {"any": ["c"]}}}, False),
        (RULES, {"authorization": {**RULES["authorization"], "scopes": {"all": ["a"], "mode": "shadow"}}}, False),
        (OWN, OWN, False),
        (OWN, BOTH, False),
    ],
)
@pytest.mark.parametrize("everywhere", [{}, {"global_rate_limit": {"key_by": "ip"}}], ids=["", "global limit"])
def test_routes_that_ask_the_same_have_the_same_steps_and_no_others_do(
    route: dict[str, Any], other: dict[str, Any], alike: bool, everywhere: dict[str, Any]
) -> None:
    """Ten thousand of them cost a processor's cache no more than they differ; each has its own lines in the file."""
    snapshot = built(route, other, roles={"b": {"users": ["u"]}, "c": {}}, **everywhere)
    one, two = snapshot.routes.values()
    assert (one.steps is two.steps) == (one.steps == two.steps) == alike
    assert len(one.rules) == len(one.steps)
    assert len(two.rules) == len(two.steps)


def test_domains_of_a_policy_in_shadow_count_apart() -> None:
    """What is only watched takes nothing from what is enforced."""
    descriptor = {"key": "k", "rate_limit": {"unit": "second", "requests_per_unit": 1}}
    limit = (
        built(mode="shadow", domains=[{"domain": "d", "descriptors": [descriptor]}])
        .domains.trees["d"]
        .find([("k", "v")])
    )
    assert limit is not None
    assert limit.key.startswith("gl:default:{domain:d}:shadow:fixed_window:")


@pytest.mark.parametrize(("mode", "key"), [("enforce", ""), ("shadow", "shadow:")])
def test_what_matches_no_route_is_charged_by_the_global_limit_alone(mode: str, key: str) -> None:
    """Where it is allowed: by address, since nobody is known, under the global rule's name, and told as any route."""
    everywhere = {"key_by": "user_id", "requests_per_minute": 60, "burst": 1}
    fields: dict[str, Any] = {"budgets": {"store_ms": 20}, "namespace": "shop", "rate_limit_headers": "legacy"}
    snapshot = built(QUICK, unmatched="allow", mode=mode, global_rate_limit=everywhere, **fields)
    seen: list[Context] = []
    pipeline, store, takes = Pipeline(snapshot, seen.append), MemoryStore(lambda: 0), []

    def perform(effect: Any) -> Any:
        takes.append(effect)
        return store.take(effect.charges)

    first, second = [drive_now(pipeline.decide(request("/x"), explain=True), perform) for _ in range(2)]
    assert isinstance(first, Allow)
    assert isinstance(second, Allow if mode == "shadow" else Deny)
    (charge,) = takes[0].charges
    assert takes[0] == Take((charge,), 0.02)
    assert charge.key.startswith("gl:shop:{")
    assert charge.key.endswith(f"}}:{key}token_bucket:*")
    assert [(note.step, note.outcome, note.rule) for note in seen[1].notes or []] == [
        ("sanitise", "pass", ""),
        ("route", "pass", "gateline.yaml:0"),
        ("limit by address", "deny", "gateline.yaml:0"),
    ]
    assert [note.why for note in seen[0].notes or []][1] == "no route, and unmatched requests are allowed"


@pytest.mark.parametrize(
    ("methods", "environ", "paths"),
    [
        (METHODS, {}, ["authentication[1].client_secret", "api_key_pepper"]),
        (METHODS, {"PEPPER": "pepper"}, []),
        (
            [
                {**SLOW, "name": "one", "client_secret": {"env": "A"}},
                {**SLOW, "name": "two", "client_secret": {"env": "B"}},
            ],
            {"PEPPER": "pepper"},
            ["authentication[0].client_secret", "authentication[1].client_secret"],
        ),
    ],
    ids=["pepper and secret", "none", "two secrets"],
)
def test_what_can_not_be_built_is_named_by_its_place_all_at_once(
    methods: list[dict[str, Any]], environ: dict[str, str], paths: list[str]
) -> None:
    """One fault per method, at the method's own field; the pepper stands at the top of the file."""
    if not paths:
        assert list(built(authentication=methods, environ=environ).methods) == [method["name"] for method in methods]
        return
    with pytest.raises(ConfigError) as caught:
        built(authentication=methods, environ=environ)
    assert sorted(str(fault).split(" ")[1] for fault in caught.value.faults) == sorted(paths)
