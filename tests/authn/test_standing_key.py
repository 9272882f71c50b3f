"""API keys as they are judged."""

import math
from datetime import UTC, datetime

import pytest

from gateline.authn.key_book import issue
from gateline.authn.key_model import hash_of
from gateline.authn.standing_key import NO_KEY_HASH, StandingKey, judge, standing
from gateline.values.identity import Figures, Identity, Refused

NOW = 1_800_000_000.0
PEPPER = b"pepper"
CHALLENGE = 'ApiKey header="x-api-key"'


def stand(**fields):
    """A key as it stands, and the whole key's hash."""
    issued = issue(PEPPER, NOW, **{"id": "key-1", "user_id": "alice", **fields})
    return standing(issued.record), hash_of(issued.secret, PEPPER)


def test_a_record_with_everything_gives_an_identity_with_everything():
    """What authorisation and limits go by."""
    figures = {"requests_per_minute": 60, "burst": 5, "daily_quota": 1000, "monthly_quota": 9000}
    ends = datetime.fromtimestamp(NOW + 5, UTC)
    rest = {"tenant": "acme", "scopes": ["read"], "rate_limit_tier": "gold", "expires_at": ends}
    key, given = stand(**rest, **figures)
    limits = Figures(60, 5, 1000, 9000)
    identity = Identity(
        "alice", "api_key", "acme", frozenset({"read"}), tier="gold", credential_id="key-1", figures=limits
    )
    assert key == StandingKey("key-1", given, identity, True, NOW + 5)
    assert judge(key, given, NOW, CHALLENGE) == identity


def test_a_bare_record_has_no_figures_and_no_end():
    """So that its tier's figures count."""
    key, _ = stand()
    assert key.identity == Identity("alice", "api_key", credential_id="key-1")
    assert key.until_unix_s == math.inf


@pytest.mark.parametrize(
    ("fields", "now", "refused"),
    [
        ({"is_active": False}, NOW, Refused("key_inactive", "key key-1 is not active", CHALLENGE)),
        ({"expires_at": "2027-01-15T08:00:01Z"}, NOW + 1, Refused("key_inactive", "key key-1 has expired", CHALLENGE)),
        ({"expires_at": "2027-01-15T08:00:01Z"}, NOW + 0.9, None),
    ],
)
def test_whoever_has_the_whole_key_is_told_why_it_is_no_good(fields, now, refused):
    """And nobody else: a guess at it is told that there is none."""
    key, given = stand(**fields)
    assert judge(key, given, now, CHALLENGE) == (refused or key.identity)
    assert judge(key, given[:-1] + "?", now, CHALLENGE) == Refused("unknown_key", "no such key", CHALLENGE)


@pytest.mark.parametrize("given", [hash_of("gl_x_y", PEPPER), NO_KEY_HASH])
def test_a_key_that_does_not_exist_fits_nothing(given):
    """Not even the hash that it is compared with for the time's sake."""
    assert judge(None, given, NOW, CHALLENGE) == Refused("unknown_key", "no such key", CHALLENGE)
