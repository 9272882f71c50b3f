"""The `keys` of a jwt method: one source, read when the policy is loaded, and faults that name their place."""

import json

import pytest
from pydantic import ValidationError

from gateline.authn.jose.key_config import Keys
from gateline.effects import HttpReply
from gateline.schema.secret import Sources
from gateline.values.errors import ConfigError
from tests.cases_support.keyring import keyring

ISSUER = "https://auth.example.com"
NOW = 1_800_000_000.0
SIX = "jwks_file, jwks, pem_file, secret, jwks_url, discovery"


@pytest.fixture
def sources(tmp_path):
    """The keyring's files, and some that are no good."""
    keyring().write(tmp_path / ".gateline")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "short").write_bytes(b"x" * 31)
    return Sources(tmp_path, {})


def faults(keys, sources, algorithms=("RS256",)):
    with pytest.raises(ConfigError) as caught:
        keys.build(sources, ISSUER, algorithms)
    return [(fault.path, fault.message) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, f"needs exactly one of {SIX}; it has none"),
        ({"discovery": False}, f"needs exactly one of {SIX}; it has none"),
        ({"pem_file": "a", "discovery": True}, f"needs exactly one of {SIX}; it has pem_file, discovery"),
        ({"jwks_url": "ftp://a"}, "has a URL that must be an https URL"),
        ({"discovery": "ftp://a"}, "has a URL that must be an https URL"),
        ({"jwks_url": "http://a.example"}, "has a URL that must be https; "),
        (
            {"pem_file": "a", "refresh_s": 61, "max_stale_s": 60},
            "must have max_stale_s ≥ refresh_s, or good keys would",
        ),
        ({"pem_file": "a", "refresh_s": 0}, "greater than or equal to 1"),
        ({"pem_file": "a", "max_stale_s": 604_801}, "less than or equal to 604800"),
    ],
)
def test_a_source_that_makes_no_sense_is_refused(given, why):
    """Where keys come from must be said once, and over TLS."""
    with pytest.raises(ValidationError) as caught:
        Keys.model_validate(given)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {"pem_file": "a", "discovery": False},
        {"jwks_url": "http://a.example", "allow_http": True},
        {"discovery": "http://a.example", "allow_http": True},
        {"pem_file": "a", "refresh_s": 60, "max_stale_s": 60},
    ],
)
def test_a_source_that_makes_sense_is_taken(given):
    """The last cases before the refusals above."""
    assert Keys.model_validate(given).model_fields_set == set(given)


@pytest.mark.parametrize(
    ("given", "kid", "alg"),
    [
        ({"jwks_file": ".gateline/jwks.json"}, "main", "RS256"),
        ({"jwks": keyring().jwks("ec")}, "ec", "ES256"),
        ({"pem_file": ".gateline/main.pem"}, None, "RS256"),
        ({"secret": {"file": ".gateline/hmac"}}, None, "HS256"),
    ],
)
def test_keys_of_the_policy_are_there_from_the_start(sources, given, kid, alg):
    """They ask the world for nothing, then or later, and never change."""
    built = Keys.model_validate(given).build(sources, ISSUER, (alg,))
    key = built.find(kid, alg, NOW)
    assert key is not None
    assert (key.kid, key.algorithms) == (kid, {alg})
    assert built.find(kid, "PS512", NOW) is None
    assert built.find("x" if kid else None, alg, NOW) is (None if kid else key)
    assert (built.first(NOW), built.wanted("x", alg, NOW), built.trouble("x", NOW)) == (None, None, None)
    assert (built.check_at, built.version) == (float("inf"), 0)


@pytest.mark.parametrize(
    ("given", "place", "why"),
    [
        ({"jwks_file": "gone.json"}, "jwks_file", "can't read"),
        ({"jwks_file": "broken.json"}, "jwks_file", "broken.json is no JSON"),
        ({"jwks": {"keys": []}}, "jwks", "has no key for RS256: it is empty"),
        ({"pem_file": "broken.json"}, "pem_file", "broken.json is no public key in PEM"),
        ({"secret": {"file": "short"}}, "secret", "the secret fits none of the allowed algorithms"),
        ({"secret": {"file": "gone"}}, "secret", "can't read"),
    ],
)
def test_keys_that_can_not_be_read_name_their_place_and_file(sources, given, place, why):
    """The path is below the method, as the loader expects it."""
    ((path, message),) = faults(Keys.model_validate(given), sources)
    assert path == ("keys", place)
    assert message.startswith(why)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({"jwks_url": f"{ISSUER}/jwks"}, f"{ISSUER}/jwks"),
        ({"discovery": True}, f"{ISSUER}/.well-known/openid-configuration"),
        ({"discovery": "https://else.example.com/doc"}, "https://else.example.com/doc"),
    ],
)
def test_keys_elsewhere_are_fetched_from_where_the_policy_says(sources, given, url):
    """By GET, within the time that it grants."""
    built = Keys.model_validate({**given, "within_ms": 1500}).build(sources, ISSUER, ("RS256",))
    asked = built.first(NOW)
    assert (asked.effect.method, asked.effect.url) == ("GET", url)
    assert (asked.within_s, asked.effect.within_s) == (1.5, 1.5)


def test_discovery_at_an_issuer_without_tls_is_refused(sources):
    """Unless the policy allows plain http."""
    keys = Keys(discovery=True)
    with pytest.raises(ConfigError) as caught:
        keys.build(sources, "http://auth.example.com", ("RS256",))
    (fault,) = caught.value.faults
    assert fault.path == ("keys", "discovery")
    assert fault.message.startswith("the issuer's URL must be https; ")


@pytest.mark.parametrize("allow_http", [True, False])
def test_a_document_leads_to_plain_http_only_where_the_policy_allows_it(sources, allow_http):
    """Whatever the document itself was asked by."""
    issuer = "http://auth.example.com" if allow_http else ISSUER
    built = Keys(discovery=True, allow_http=allow_http).build(sources, issuer, ("RS256",))
    jwks_url = "http://auth.example.com/jwks"
    document = json.dumps({"issuer": issuer, "jwks_uri": jwks_url}).encode()
    built.first(NOW).settle(HttpReply(200, (), document))
    assert (built.first(NOW + 10).effect.url == jwks_url) == allow_http
