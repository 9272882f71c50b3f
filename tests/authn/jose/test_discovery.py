"""Discovery documents: whose they are, and what they may name."""

import json

import pytest

from gateline.authn.jose.discovery import DiscoveryError, discovery_url_of, document_from, endpoint_of, jwks_url_from

ISSUER = "https://auth.example.com"
URL = "https://auth.example.com/jwks"


@pytest.mark.parametrize(
    ("issuer", "url"),
    [
        (ISSUER, f"{ISSUER}/.well-known/openid-configuration"),
        (f"{ISSUER}/", f"{ISSUER}/.well-known/openid-configuration"),
        (f"{ISSUER}/realms/X/", f"{ISSUER}/realms/X/.well-known/openid-configuration"),
    ],
)
def test_the_document_stands_below_the_issuer(issuer, url):
    """A slash at the end of the issuer makes no second one, and its beginning stays."""
    assert discovery_url_of(issuer) == url


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<html>", "is no JSON"),
        (b"\xff", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"[]", "is no JSON object"),
        (b"{}", f"is the document of another issuer than {ISSUER}"),
        (b'{"issuer": "https://auth.example.com/"}', f"is the document of another issuer than {ISSUER}"),
    ],
)
def test_a_document_that_is_not_the_issuers_says_why(body, why):
    """The issuer in it must be the policy's, to the letter."""
    with pytest.raises(DiscoveryError) as caught:
        document_from(body, ISSUER)
    assert str(caught.value) == why


def test_the_issuers_own_document_is_read():
    """With all that is in it."""
    document = {"issuer": ISSUER, "jwks_uri": URL, "more": [1]}
    body = json.dumps(document).encode()
    assert document_from(body, ISSUER) == document
    assert jwks_url_from(body, ISSUER, allow_http=False) == URL


@pytest.mark.parametrize(
    ("document", "allow_http", "why"),
    [
        ({}, False, "names no introspection_endpoint"),
        ({"introspection_endpoint": ["x"]}, False, "names no introspection_endpoint"),
        ({"introspection_endpoint": "ftp://a"}, True, "has a introspection_endpoint that must be an https URL"),
        ({"introspection_endpoint": "http://a.example"}, False, "has a introspection_endpoint that must be https; "),
    ],
)
def test_a_document_without_a_usable_url_says_what_is_missing(document, allow_http, why):
    """The name that was looked for stands in the reason."""
    with pytest.raises(DiscoveryError) as caught:
        endpoint_of(document, "introspection_endpoint", allow_http=allow_http)
    assert str(caught.value).startswith(why)


def test_plain_http_is_followed_only_where_the_policy_allows_it():
    """Even though the document itself came over TLS."""
    body = json.dumps({"issuer": ISSUER, "jwks_uri": "http://auth.example.com/jwks"}).encode()
    assert jwks_url_from(body, ISSUER, allow_http=True) == "http://auth.example.com/jwks"
    with pytest.raises(DiscoveryError, match=r"^has a jwks_uri that must be https;"):
        jwks_url_from(body, ISSUER, allow_http=False)
