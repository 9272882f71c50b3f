"""Guests: what they are given, and that a bad credential never becomes one."""

import pytest

from gateline.values.identity import Identity
from tests.authn.gateways import MAIN, bearer, gateway, said

GUEST = {"name": "guest", "method": "anonymous"}
NAMED = {**GUEST, "user_id": "visitor", "tenant": "acme", "scopes": ["read"], "roles": ["reader"], "tier": "free"}


def test_a_guest_is_what_the_policy_says(policy):
    made = policy(gateway(NAMED, tiers={"free": {}}))
    assert made.decide().identity == Identity(
        "visitor", "anonymous", "acme", frozenset({"read"}), frozenset({"reader"}), tier="free"
    )
    assert made.notes[-1].why == "guest: visitor"


def test_without_a_name_a_guest_is_anonymous_and_has_nothing(policy):
    assert policy(gateway(GUEST)).decide().identity == Identity("anonymous", "anonymous")


def test_nobody_is_asked_to_be_a_guest(policy):
    """A challenge names what a client could bring, and this method takes nothing."""
    both = policy(gateway(MAIN, GUEST, route={"authentication": {"all_of": ["main", "guest"]}}))
    assert both.decide().headers == (("www-authenticate", "Bearer"),)


@pytest.mark.parametrize("token", ["nonsense", "a.b.c"])
def test_a_bad_credential_does_not_make_a_guest(policy, token):
    both = policy(gateway(MAIN, GUEST, route={"authentication": {"any_of": ["main", "guest"]}}))
    assert said(both.decide()) == (200, "anonymous")
    assert said(both.decide(headers=bearer(token))) == (401, "invalid_token")


def test_a_guest_has_only_the_scopes_that_were_given(policy):
    rule = {"authorization": {"scopes": {"all": ["read"]}}}
    assert said(policy(gateway(GUEST, route=rule)).decide()) == (403, "insufficient_scope")
    assert said(policy(gateway({**GUEST, "scopes": ["read"]}, route=rule)).decide()) == (200, "anonymous")
