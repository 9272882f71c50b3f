"""What a client with a bearer token is told."""

import pytest

from gateline.authn.bearer import Bearer
from gateline.values.errors import ConfigError
from gateline.values.identity import Refused
from tests.authn.gateways import MAIN, gateway

URL = "https://api.example.com/.well-known/oauth-protected-resource"


@pytest.mark.parametrize(
    ("url", "challenge", "invalid"),
    [
        (None, "Bearer", 'Bearer error="invalid_token"'),
        (URL, f'Bearer resource_metadata="{URL}"', f'Bearer error="invalid_token", resource_metadata="{URL}"'),
    ],
)
def test_a_challenge_names_the_error_and_the_metadata(url, challenge, invalid):
    """Without a credential there is no error to name (RFC 6750 §3.1)."""
    bearer = Bearer(url)
    assert bearer.challenge == challenge
    assert bearer.invalid("is old") == Refused("invalid_token", "is old", invalid)
    assert bearer.refused("token_expired", "is old") == Refused("token_expired", "is old", invalid)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://api.example.com/x", "must be https"),
        ('https://api.example.com/"', "must hold no quote and no backslash"),
        ("https://api.example.com/\\", "must hold no quote and no backslash"),
    ],
)
def test_a_url_that_fits_in_no_challenge_is_refused_at_load(policy, url, fault):
    """It is written between quotes."""
    with pytest.raises(ConfigError) as error:
        policy(gateway({**MAIN, "resource_metadata": url}))
    assert str(error.value).startswith(f"inline: authentication[0].resource_metadata {fault}")
