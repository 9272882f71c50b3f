"""Which verified certificates a policy accepts, and what does not fit of the others."""

import pytest
from pydantic import ValidationError

from gateline.authn.certificate.allowed import Allowed
from gateline.authn.certificate.subject import Subject

PRINT = "ab" * 32
SPIFFE = "spiffe://example.com/a"
NAMED = Subject((SPIFFE,), ("a.Example.com",), ("a@example.com",), "cn", "CN=cn", "CN=CA", PRINT)
NO_SAN, NO_SPIFFE = "has none of the accepted alternative names", "has none of the accepted SPIFFE ids"


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({}, None),
        ({"sans": ["x", "A.example.COM"]}, None),
        ({"sans": ["A@example.com"]}, None),
        ({"sans": ["*.EXAMPLE.com"]}, None),
        ({"sans": [SPIFFE]}, None),
        ({"sans": ["spiffe://example.com/*"]}, None),
        ({"sans": ["SPIFFE://example.com/a"]}, NO_SAN),
        ({"sans": ["spiffe://example.com*"]}, NO_SAN),
        ({"sans": ["*.com"]}, NO_SAN),
        ({"sans": ["*"]}, NO_SAN),
        ({"sans": ["cn"]}, NO_SAN),
        ({"spiffe_ids": ["spiffe://x/*", "spiffe://example.com/*"]}, None),
        ({"spiffe_ids": ["spiffe://example.com/a/*"]}, NO_SPIFFE),
        ({"issuers": ["CN=Other", "CN=CA"]}, None),
        ({"issuers": ["cn=ca"]}, "is of another issuer"),
        ({"fingerprints": ["cd" * 32, PRINT.upper()]}, None),
        ({"fingerprints": [":".join(["AB"] * 32)]}, None),
        ({"fingerprints": ["cd" * 32]}, "has another fingerprint"),
        ({"sans": ["a@example.com"], "spiffe_ids": [SPIFFE], "issuers": ["x"]}, "is of another issuer"),
        ({"sans": ["x"], "spiffe_ids": ["spiffe://x"], "issuers": ["x"], "fingerprints": ["cd" * 32]}, NO_SAN),
    ],
)
def test_every_list_that_is_given_must_hold_one_that_fits(given, fault):
    """The first that does not is the reason."""
    assert Allowed.model_validate(given).fault(NAMED) == fault


@pytest.mark.parametrize(
    ("subject", "fits"),
    [
        (Subject(dns=("x-1_y.Example.com",)), True),
        (Subject(dns=("example.com",)), False),
        (Subject(dns=(".example.com",)), False),
        (Subject(dns=("a.b.example.com",)), False),
        (Subject(dns=("example",)), False),
        (Subject(uris=("https://a.example.com",)), False),
        (Subject(uris=("spiffe://other/a.example.com",)), False),
        (Subject(emails=("b@c.example.com",)), False),
    ],
)
def test_a_star_stands_for_one_label_of_a_dns_name(subject, fits):
    """Of nothing else that happens to end like it."""
    assert (Allowed(sans=("*.example.com",)).fault(subject) is None) == fits


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"fingerprints": ["a" * 63]}, "should match pattern"),
        ({"fingerprints": ["a" * 65]}, "must be 64 hex digits (SHA-256)"),
        ({"fingerprints": [PRINT, "ab:" * 24]}, "must be 64 hex digits (SHA-256)"),
        ({"spiffe_ids": [SPIFFE, "https://a"]}, "must begin with spiffe://"),
    ],
)
def test_a_list_that_could_never_fit_is_refused(given, why):
    """When the policy is loaded."""
    with pytest.raises(ValidationError) as caught:
        Allowed.model_validate(given)
    assert why in str(caught.value)
