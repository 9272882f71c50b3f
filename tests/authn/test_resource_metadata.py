"""The metadata of a protected resource (RFC 9728)."""

import json

import pytest

from gateline.values.decision import Reply
from gateline.values.errors import ConfigError
from tests.authn.gateways import MAIN, gateway, said

URL = "https://api.example.com/.well-known/oauth-protected-resource"
ROUTE = {
    "auth_required": False,
    "protected_resource": {"resource": "https://api.example.com", "scopes_supported": ["a"]},
}


def test_the_document_names_the_issuers_of_the_policy(policy):
    answer = policy(gateway(MAIN, {**MAIN, "name": "again"}, route=ROUTE)).decide()
    assert isinstance(answer, Reply)
    assert (answer.status, dict(answer.headers)["content-type"]) == (200, "application/json")
    assert json.loads(answer.body) == {
        "resource": "https://api.example.com",
        "authorization_servers": ["https://auth.example.com"],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["a"],
    }


def test_the_policy_may_name_others_and_leave_scopes_out(policy):
    own = {"resource": "https://api.example.com", "authorization_servers": ["https://other.example.com"]}
    answer = policy(gateway(MAIN, route={**ROUTE, "protected_resource": own})).decide()
    assert json.loads(answer.body)["authorization_servers"] == ["https://other.example.com"]
    assert "scopes_supported" not in json.loads(answer.body)


def test_challenges_of_tokens_name_it(policy):
    made = policy(gateway({**MAIN, "resource_metadata": URL}))
    refused = made.decide()
    assert said(refused) == (401, "no_credentials")
    assert dict(refused.headers)["www-authenticate"] == f'Bearer resource_metadata="{URL}"'


def test_an_identifier_that_is_no_https_url_is_refused_at_load(policy):
    with pytest.raises(ConfigError, match="must be https"):
        policy(gateway(MAIN, route={**ROUTE, "protected_resource": {"resource": "http://api.example.com"}}))
