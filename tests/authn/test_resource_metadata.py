"""The metadata of a protected resource (RFC 9728)."""

import json

import pytest

from gateline.values.decision import Reply
from gateline.values.errors import ConfigError
from tests.authn.gateways import MAIN, gateway, said

URL = "https://api.example.com/.well-known/oauth-protected-resource"
GUEST = {"name": "guest", "method": "anonymous"}
ROUTE = {
    "auth_required": False,
    "protected_resource": {"resource": "https://api.example.com", "scopes_supported": ["a"]},
}


def test_the_document_names_the_issuers_of_the_policy(policy):
    answer = policy(gateway(MAIN, {**MAIN, "name": "again"}, route=ROUTE)).decide()
    assert isinstance(answer, Reply)
    assert answer.status == 200
    assert answer.headers == (("content-type", "application/json"), ("cache-control", "public, max-age=3600"))
    assert json.loads(answer.body) == {
        "resource": "https://api.example.com",
        "authorization_servers": ["https://auth.example.com"],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["a"],
    }


def test_the_policy_may_name_others_and_say_more(policy):
    """What is written goes before what is known."""
    own = {
        "resource": "https://api.example.com",
        "authorization_servers": ["https://other.example.com"],
        "resource_name": "Orders",
        "resource_documentation": "https://docs.example.com",
    }
    answer = policy(gateway(MAIN, route={**ROUTE, "protected_resource": own})).decide()
    assert json.loads(answer.body) == {**own, "bearer_methods_supported": ["header"]}


def test_without_issuers_none_are_named(policy):
    """RFC 9728 §2: a list of none is left out."""
    plain = {"resource": "https://api.example.com"}
    answer = policy(gateway(GUEST, route={**ROUTE, "protected_resource": plain})).decide()
    assert json.loads(answer.body) == {**plain, "bearer_methods_supported": ["header"]}


def test_challenges_of_tokens_name_it(policy):
    made = policy(gateway({**MAIN, "resource_metadata": URL}))
    refused = made.decide()
    assert said(refused) == (401, "no_credentials")
    assert dict(refused.headers)["www-authenticate"] == f'Bearer resource_metadata="{URL}"'


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"resource": "http://api.example.com"}, "resource must be https"),
        ({"authorization_servers": ["ftp://x"]}, "authorization_servers[0] must be an https URL"),
        ({"resource_documentation": "docs"}, "resource_documentation must be an https URL"),
    ],
)
def test_what_is_no_https_url_is_refused_at_load(policy, change, fault):
    """With its place in the file."""
    resource = {"resource": "https://api.example.com", **change}
    with pytest.raises(ConfigError) as error:
        policy(gateway(MAIN, route={**ROUTE, "protected_resource": resource}))
    assert str(error.value).startswith(f"inline: routes[0].protected_resource.{fault}")
