"""API keys of the policy: where they stand, which one it is, and that use is noted once in a while."""

import pytest

from gateline.authn.key_book import issue
from gateline.effects import KeyChanges, KeyGet, KeyUsed
from gateline.testing import MemoryWorld, no_world
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
    ("key", "code", "why"),
    [
        (ALICE[:-1] + "X", "unknown_key", "key gl_alicekey_…: no such key"),
        ("gl_nobodyxx_" + "A" * 32, "unknown_key", "key gl_nobodyxx_…: no such key"),
        ("no-key-at-all", "unknown_key", "not of the form gl_<prefix>_<secret>"),
        ("", "unknown_key", "not of the form gl_<prefix>_<secret>"),
        (ALICE + "x", "unknown_key", "not of the form gl_<prefix>_<secret>"),
        (REVOKED, "key_inactive", "key gl_revokedk_…: key key-revoked is not active"),
        (EXPIRED, "key_inactive", "key gl_expiredk_…: key key-expired has expired"),
    ],
)
@pytest.mark.parametrize("store", [True, False])
def test_a_key_that_is_no_good_says_so_without_telling_the_key(keyed, key, code, why, store):
    policy = keyed(store=store)
    decision = policy.decide(headers={"x-api-key": key})
    assert said(decision) == (401, code)
    assert decision.problem.why == f"keys: {why}"
    assert decision.headers == (("www-authenticate", 'ApiKey header="x-api-key"'),)
    secret = key.rpartition("_")[2]
    assert not secret or secret not in "".join(note.why for note in policy.notes)


@pytest.mark.parametrize(("seconds", "answer"), [(-0.5, (200, "carol")), (0, (401, "key_inactive"))])
def test_a_key_ends_at_its_second(policy, tmp_path, seconds, answer):
    """`expires_at` is the first moment at which it is no good."""
    fields = {"user_id": "carol", "expires_at": "2027-01-15T08:00:00Z"}
    issued = issue(b"x" * 32, NOW, id="key-carol", **fields)
    (tmp_path / "pepper").write_bytes(b"x" * 32)
    (tmp_path / "keys.json").write_text(f"[{issued.record.model_dump_json()}]")
    files = {"api_key_pepper": {"file": "pepper"}, "api_keys": {"file": "keys.json"}}
    made = policy(gateway(KEYS, **files), world=MemoryWorld(), now_unix_s=NOW + seconds)
    assert said(made.decide(headers={"x-api-key": issued.secret})) == answer


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


@pytest.mark.parametrize(
    ("places", "told"),
    [
        ({"header": "X-Key", "cookie": "c", "query": "q"}, 'header="x-key"'),
        ({"header": None, "cookie": "c", "query": "q"}, 'cookie="c"'),
        ({"header": None, "query": "q"}, 'query="q"'),
    ],
)
def test_without_a_key_one_is_told_where_it_belongs(keyed, places, told):
    """No registered scheme says it, so a scheme of our own does."""
    assert keyed(**places).decide().headers == (("www-authenticate", f"ApiKey {told}"),)


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


@pytest.mark.parametrize(
    ("method", "top", "fault"),
    [
        ({}, {"api_keys": STORED["api_keys"]}, "authentication[0] needs `api_key_pepper`, since keys are stored as"),
        ({"header": None}, STORED, "authentication[0] looks nowhere: give header, cookie or query"),
        ({}, {**STORED, "api_key_pepper": {"file": "gone"}}, "api_key_pepper can't read"),
        ({"store": False}, {"api_key_pepper": {"file": "gone"}}, "api_key_pepper can't read"),
    ],
)
def test_keys_that_could_not_be_judged_are_refused_at_load(policy, method, top, fault):
    """With the place that has to be mended."""
    with pytest.raises(ConfigError) as error:
        policy(gateway({**KEYS, **method}, **top))
    assert str(error.value).startswith(f"inline: {fault}")


@pytest.mark.parametrize(("method", "top"), [({}, {}), ({"store": False}, STORED), ({"store": False}, {})])
def test_a_store_without_a_pepper_or_turned_off_is_not_asked(policy, method, top):
    """No key of it could fit, or none is wanted: so nothing waits for it."""
    made = policy(gateway({**KEYS, **method}, **top), world=no_world)
    assert said(made.decide(headers={"x-api-key": "gl_nobodyxx_" + "A" * 32})) == (401, "unknown_key")


def test_a_store_is_asked_within_its_own_time(policy, world):
    """Which is less than that of the whole check."""
    asked = []
    pepper = {"api_key_pepper": STORED["api_key_pepper"], "budgets": {"store_ms": 30}}
    made = policy(gateway(KEYS, **pepper), world=lambda effect: asked.append(effect) or world(effect))
    assert said(made.decide(headers={"x-api-key": "gl_nobodyxx_" + "A" * 32})) == (401, "unknown_key")
    assert asked == [KeyChanges(-1, 0.03), KeyGet("nobodyxx", 0.03)]
