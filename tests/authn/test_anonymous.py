"""Guests: what they are given, and that a bad credential never becomes one."""

import pytest

from gateline.values.decision import Allow
from tests.authn.gateways import MAIN, bearer, gateway, said

GUEST = {"name": "guest", "method": "anonymous"}
NAMED = {**GUEST, "user_id": "visitor", "tenant": "acme", "scopes": ["read"], "roles": ["reader"], "tier": "free"}


def test_a_guest_is_what_the_policy_says(policy):
    decision = policy(gateway(NAMED, tiers={"free": {}})).decide()
    assert isinstance(decision, Allow)
    identity = decision.identity
    assert identity is not None
    assert (identity.user_id, identity.method, identity.tenant, identity.tier) == (
        "visitor",
        "anonymous",
        "acme",
        "free",
    )
    assert (identity.scopes, identity.roles) == ({"read"}, {"reader"})


def test_without_a_name_a_guest_is_anonymous_and_has_nothing(policy):
    decision = policy(gateway(GUEST)).decide()
    assert isinstance(decision, Allow)
    assert decision.identity is not None
    assert decision.identity.user_id == "anonymous"
    assert (decision.identity.scopes, decision.identity.roles, decision.identity.tier) == (
        frozenset(),
        frozenset(),
        None,
    )


@pytest.mark.parametrize("token", ["nonsense", "a.b.c"])
def test_a_bad_credential_does_not_make_a_guest(policy, token):
    both = policy(gateway(MAIN, GUEST, route={"authentication": {"any_of": ["main", "guest"]}}))
    assert said(both.decide()) == (200, "anonymous")
    assert said(both.decide(headers=bearer(token))) == (401, "invalid_token")


def test_a_guest_has_only_the_scopes_that_were_given(policy):
    rule = {"authorization": {"scopes": {"all": ["read"]}}}
    assert said(policy(gateway(GUEST, route=rule)).decide()) == (403, "insufficient_scope")
    assert said(policy(gateway({**GUEST, "scopes": ["read"]}, route=rule)).decide()) == (200, "anonymous")
