"""The `authorization` of a route: what it refuses at load, and what explain and shadow tell."""

import pytest

from gateline.testing import PolicyMaker
from gateline.values.errors import ConfigError
from tests.authn.gateways import MAIN, bearer, gateway, said
from tests.cases_support.keyring import keyring
from tests.cases_support.minting import mint


def authorized(policy, authorization, **rest):
    return policy(gateway(MAIN, route={"authorization": authorization, "methods": ["GET", "POST"]}, **rest))


def ask(made, method="GET", path="/", **spec):
    return made.decide(method, path, headers=bearer(mint(spec, keyring(), made.now_unix_s)))


@pytest.mark.parametrize(
    ("authorization", "why"),
    [
        ({"when": "identity.usr_id == 'x'"}, "did you mean `identity.user_id`"),
        ({"when": {"cel": "1"}}, "something else than true"),
        ({"rules": [{"when": "x"}]}, "undeclared reference"),
        ({"rules": []}, "must not be empty"),
        ({"roles": {}}, "names nothing"),
        ({"scopes": {}}, "names no scope"),
        ({"rule": []}, "did you mean `rules`"),
        ({"roles": {"any": ["a"], "mode": "off"}}, "must be enforce, shadow"),
    ],
)
def test_what_makes_no_sense_is_refused_at_load(policy, authorization, why):
    with pytest.raises(ConfigError, match=why):
        authorized(policy, authorization)


@pytest.mark.parametrize(
    "authorization",
    [
        {"roles": {"any": ["a"]}},
        {"groups": {"any": ["a"]}},
        {"scopes": {"any": ["a"]}},
        {"when": "identity.user_id == 'a'"},
        {"rules": [{"when": "identity.user_id == 'a'"}]},
        {"rules": [{"roles": {"any": ["a"]}}]},
    ],
)
def test_a_rule_about_identity_needs_authentication(policy, authorization):
    route = {"auth_required": False, "authorization": authorization}
    with pytest.raises(ConfigError, match="needs an identity"):
        policy(gateway(route=route))


def test_rules_about_the_request_alone_need_none(policy):
    route = {"auth_required": False, "authorization": {"rules": [{"path": "/open"}, {"when": "request.query == 'x'"}]}}
    made = policy(gateway(route=route))
    assert said(made.decide(path="/open/1"))[0] == 200
    assert said(made.decide(path="/other")) == (403, "forbidden")
    assert said(made.decide(path="/other?x"))[0] == 200


def test_explain_names_the_rule_of_a_refusal(tmp_path):
    keyring().write(tmp_path / ".gateline")
    file = tmp_path / "gateline.yaml"
    file.write_text(
        """version: 1
authentication:
  - {name: main, method: jwt, issuer: https://auth.example.com, audience: api.example.com,
     keys: {jwks_file: .gateline/jwks.json}}
routes:
  - id: all
    path: /
    authorization:
      rules:
        - {path: /free}
        - {path: /staff, roles: {any: [staff]}}
"""
    )
    made = PolicyMaker(tmp_path).from_file(file)
    assert said(ask(made, path="/staff")) == (403, "forbidden")
    assert made.notes[-1].why == f"rule {file}:11: lacks the role staff"
    assert made.notes[-1].rule == f"{file}:9"
    assert said(ask(made, path="/free")) == (200, "alice")
    assert made.notes[-1].why == f"rule {file}:10"
    assert said(ask(made, path="/none")) == (403, "forbidden")
    assert made.notes[-1].why == "no rule allows GET here"


def test_a_rule_in_shadow_tells_what_it_would_refuse(policy):
    made = authorized(policy, {"rules": [{"deny": True, "path": "/closed", "mode": "shadow"}, {"methods": ["GET"]}]})
    assert said(ask(made, path="/closed")) == (200, "alice")
    assert made.notes[-2].outcome == "deny"
    assert "is closed to everybody" in made.notes[-2].why
    assert said(ask(made, "POST", "/closed")) == (403, "forbidden")


def test_a_missing_role_says_which(policy):
    made = authorized(policy, {"roles": {"all": ["a", "b"], "any": ["c", "d"]}})
    for roles, why in ((["a"], "lacks the role b"), (["a", "b"], "lacks the role c or d")):
        assert said(ask(made, claims={"roles": roles})) == (403, "forbidden")
        assert made.notes[-1].why == why
    assert said(ask(made, claims={"roles": ["a", "b", "d"]})) == (200, "alice")


def test_explain_says_what_came_of_a_condition(policy):
    made = authorized(policy, {"when": "identity.claims.level > 1"})
    for claims, why in (
        ({"level": 1}, "the condition is false"),
        ({}, """the condition failed: 'NOT_FOUND: Key not found in map : "level"'"""),
    ):
        for _ in range(2):
            assert said(ask(made, claims=claims)) == (403, "forbidden")
            assert made.notes[-1].why == why


def test_a_missing_scope_and_a_tenant_say_which(policy):
    made = authorized(policy, {"scopes": {"all": ["b", "a"], "any": ["c"]}})
    refused = ask(made, claims={"scope": "c"})
    assert refused.problem.why == "lacks a b"
    assert dict(refused.headers) == {"www-authenticate": 'Bearer error="insufficient_scope", scope="b a c"'}
    assert ask(made, claims={"scope": "a b"}).problem.why == "lacks c"
    closed = policy(gateway(MAIN, route={"tenant": "acme"}))
    assert ask(closed).problem.why == "the route is tenant acme's"
