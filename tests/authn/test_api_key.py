"""API keys of the policy: where they stand, which one it is, and that use is noted once in a while."""

import pytest

from gateline.effects import KeyUsed
from gateline.testing import MemoryWorld
from gateline.values.decision import Deny
from gateline.values.errors import ConfigError
from tests.authn.gateways import gateway, said

NOW = 1_800_000_000.0
KEYS = {"name": "keys", "method": "api_key"}
STORED = {"api_key_pepper": {"file": ".gateline/pepper"}, "api_keys": {"file": ".gateline/api_keys.json"}}
ALICE = "gl_alicekey_AliceAliceAliceAliceAliceAlice01"
REVOKED = "gl_revokedk_RevokedRevokedRevokedRevokedRe06"
EXPIRED = "gl_expiredk_ExpiredExpiredExpiredExpiredEx05"


class Noting(MemoryWorld):
    """Remembers which keys were said to be in use."""

    def __init__(self):
        super().__init__()
        self.used = []

    def __call__(self, effect):
        if isinstance(effect, KeyUsed):
            self.used.append((effect.prefix, effect.now_unix_s))
        return super().__call__(effect)


@pytest.fixture
def world():
    return Noting()


@pytest.fixture
def keyed(policy, world):
    def make(**method):
        return policy(gateway({**KEYS, **method}, **STORED), world=world, now_unix_s=NOW)

    return make


def test_a_key_gives_its_user_its_scopes_and_its_id(keyed):
    identity = keyed().decide(headers={"x-api-key": ALICE}).identity
    assert (identity.user_id, identity.method, identity.credential_id) == ("alice", "api_key", "key-alice")
    assert identity.scopes == {"read:users"}


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (ALICE[:-1] + "X", "unknown_key"),
        ("gl_nobodyxx_" + "A" * 32, "unknown_key"),
        ("no-key-at-all", "unknown_key"),
        ("", "unknown_key"),
        (ALICE + "x", "unknown_key"),
        (REVOKED, "key_inactive"),
        (EXPIRED, "key_inactive"),
    ],
)
def test_a_key_that_is_no_good_says_so_without_telling_the_key(keyed, key, code):
    policy = keyed()
    decision = policy.decide(headers={"x-api-key": key})
    assert said(decision) == (401, code)
    assert isinstance(decision, Deny)
    assert ("www-authenticate", 'ApiKey header="x-api-key"') in decision.headers
    secret = key.rpartition("_")[2]
    assert not secret or secret not in "".join(note.why for note in policy.notes)


def test_the_secret_of_a_revoked_key_must_be_right_before_anybody_learns_that_it_is_revoked(keyed):
    assert said(keyed().decide(headers={"x-api-key": REVOKED[:-1] + "X"})) == (401, "unknown_key")


def test_a_key_stands_where_the_policy_looks_and_nowhere_else(keyed):
    cookie = keyed(header=None, cookie="key")
    assert said(cookie.decide(headers={"cookie": f"a=b; key={ALICE}"})) == (200, "alice")
    assert said(cookie.decide(headers={"x-api-key": ALICE})) == (401, "no_credentials")
    query = keyed(header=None, query="key")
    assert said(query.decide(path=f"/?a=b&key={ALICE}")) == (200, "alice")
    assert said(keyed().decide(path=f"/?x-api-key={ALICE}")) == (401, "no_credentials")
    assert said(keyed(header="X-Other").decide(headers={"x-other": ALICE})) == (200, "alice")


def test_two_keys_are_malformed_though_both_are_good(keyed):
    assert said(keyed().decide(headers=[("x-api-key", ALICE), ("X-Api-Key", ALICE)])) == (400, "malformed_request")


def test_use_is_noted_at_first_and_then_once_a_minute(keyed, world):
    policy = keyed()
    for later in (0, 1, 59, 60, 61):
        policy.now_unix_s = NOW + later
        assert said(policy.decide(headers={"x-api-key": ALICE})) == (200, "alice")
    assert world.used == [("alicekey", int(NOW)), ("alicekey", int(NOW) + 60)]


def test_a_refused_key_is_not_noted(keyed, world):
    policy = keyed()
    policy.decide(headers={"x-api-key": REVOKED})
    policy.decide(headers={"x-api-key": ALICE[:-1] + "X"})
    assert world.used == []


def test_keys_without_a_pepper_and_a_method_that_looks_nowhere_are_refused_at_load(policy):
    with pytest.raises(ConfigError, match="needs `api_key_pepper`"):
        policy(gateway(KEYS, api_keys=STORED["api_keys"]))
    with pytest.raises(ConfigError, match="looks nowhere"):
        policy(gateway({**KEYS, "header": None}, **STORED))
