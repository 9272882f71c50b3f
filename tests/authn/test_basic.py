"""Passwords: what is counted, hashed and remembered, and what is refused at load."""

import base64
import hashlib

import pytest

from gateline.authn.password.credential import Credential, read_credential
from gateline.authn.password.hashes import fits, hash_fault
from gateline.effects import Charge, InPool, Level, Shared, Take, TakeReply
from gateline.testing import MemoryWorld
from gateline.values.errors import ConfigError, UnavailableError
from gateline.values.identity import Identity
from tests.authn.gateways import begun, gateway, said

ALICE = "$2b$04$IQODN22UuWpqJifegbJIyeH13zracEJ1SWetTk6mUwF0.rBSfcxn."
ARGON = "$argon2id$v=19$m=1024,t=1,p=1$BDvV/JArp5tQ95899nsTCA$YFAHqibAOcswAw79pEufL6OMXzC86zTnVJxWa93CXcE"
PEOPLE = {"name": "people", "method": "basic", "users": [{"user": "alice", "hash": ALICE}]}
CHALLENGE = ("www-authenticate", 'Basic realm="gateline", charset="UTF-8"')
ROOM = TakeReply((Level(True, 9, 0.0, 12.0),))


class Counting(MemoryWorld):
    """Counts what is asked."""

    def __init__(self):
        super().__init__()
        self.asked = []
        self.away = ()

    def count(self, kind):
        return sum(isinstance(effect, kind) for effect in self.asked)

    def __call__(self, effect):
        self.asked.append(effect)
        if type(effect) in self.away:
            raise UnavailableError("world", "away")
        return super().__call__(effect)


def basic(text):
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.fixture
def world():
    return Counting()


@pytest.fixture
def people(policy, world):
    return policy(gateway(PEOPLE), world=world)


def test_a_judged_credential_is_neither_counted_nor_hashed_again(people, world):
    for _ in range(5):
        assert said(people.decide(headers=basic("alice:correct horse"))) == (200, "alice")
        assert said(people.decide(headers=basic("alice:wrong"))) == (401, "invalid_token")
    assert world.count(InPool) == 2
    assert world.count(Take) == 4


@pytest.mark.parametrize(("seconds", "hashed"), [(0, 1), (59.9, 1), (60, 2)])
def test_it_is_forgotten_in_time(people, world, seconds, hashed):
    """A changed password must not pass for longer than the policy says."""
    people.decide(headers=basic("alice:correct horse"))
    people.now_unix_s += seconds
    people.decide(headers=basic("alice:correct horse"))
    assert world.count(InPool) == hashed


def test_what_is_to_be_forgotten_at_once_is_still_judged(policy, world):
    """`remember_s: 0` hashes every request, and loses no answer."""
    people = policy(gateway({**PEOPLE, "remember_s": 0}), world=world)
    for _ in range(2):
        assert said(people.decide(headers=basic("alice:correct horse"))) == (200, "alice")
    assert world.count(InPool) == 2


@pytest.mark.parametrize(
    ("credential", "why"),
    [
        (basic("alice:wrong"), "no such user, or another password"),
        (basic("nobody:correct horse"), "no such user, or another password"),
        (basic("alice"), "the credential has no colon"),
        ({"authorization": "Basic \udcff"}, "the credential is no base64 of UTF-8"),
    ],
)
def test_a_refusal_asks_for_a_password_again_and_tells_us_why(people, credential, why):
    """An unknown user and a wrong password can't be told apart."""
    for _ in range(2):  # from memory the second time
        refused = people.decide(headers=credential)
        assert said(refused) == (401, "invalid_token")
        assert refused.problem.why == f"people: {why}"
        assert refused.headers == (CHALLENGE,)


def test_without_a_password_one_is_asked_for_in_the_policys_realm(policy):
    """A browser shows the realm."""
    asked = policy(gateway({**PEOPLE, "realm": "The staff"})).decide()
    assert said(asked) == (401, "no_credentials")
    assert asked.headers == (("www-authenticate", 'Basic realm="The staff", charset="UTF-8"'),)


def test_two_headers_are_refused(people):
    """The next hop might take the other one."""
    assert said(people.decide(headers=[*basic("alice:correct horse").items()] * 2)) == (400, "malformed_request")


def test_a_user_is_what_the_policy_says(policy):
    """What authorisation and limits go by."""
    rest = {"tenant": "acme", "scopes": ["read"], "roles": ["admin"], "groups": ["staff"], "tier": "free"}
    named = {"user": "alice", "hash": ALICE, "user_id": "u-1", **rest}
    people = policy(gateway({**PEOPLE, "users": [named]}, tiers={"free": {}}), world=MemoryWorld())
    sets = {name: frozenset(rest[name]) for name in ("scopes", "roles", "groups")}
    alice = Identity("u-1", "basic", tenant="acme", tier="free", credential_id="alice", **sets)
    assert people.decide(headers=basic("alice:correct horse")).identity == alice


def test_attempts_are_counted_by_user_and_by_address_before_anything_is_hashed(policy, world):
    """Sidecars of several versions count under one key."""
    counts = {"per_user": {"attempts": 7, "per_minute": 3}, "per_address": {"attempts": 70, "per_minute": 30}}
    people = policy(gateway({**PEOPLE, **counts, "within_ms": 700}, namespace="shop"), world=world)
    people.decide(headers=basic("alice:correct horse"), peer="192.0.2.9")
    name = hashlib.blake2b(b"alice", digest_size=16).hexdigest()
    assert world.asked[:2] == [
        Take((Charge(f"gl:shop:{{login-{name}}}:lockout:people", "token_bucket", (7, 3)),), 0.05),
        Take((Charge("gl:shop:{login-192.0.2.9}:lockout:people", "token_bucket", (70, 30)),), 0.05),
    ]
    assert [effect.within_s for effect in world.asked[2:]] == [0.7]


@pytest.mark.parametrize("waits", [(0.2, 0.0), (0.0, 0.2), (7.5, 12.1), (12.1, 7.5)])
def test_whoever_guessed_too_often_is_told_when_to_come_back(people, world, waits):
    """The longer wait counts, in whole seconds, never too early."""
    answers = [TakeReply((Level(wait == 0, 0, wait, 60.0),)) for wait in waits]
    refused = begun(people, basic("alice:correct horse")).resume(tuple(answers))
    assert said(refused) == (429, "rate_limited")
    assert refused.problem.why == "people: too many attempts as 'alice' or from here"
    assert refused.headers == (("retry-after", "1" if max(waits) < 1 else "13"),)


def test_those_who_send_one_credential_at_once_share_one_hash(policy, people):
    """And nobody shares that of another password or method."""
    first, second = (begun(people, basic("alice:correct horse")).resume((ROOM, ROOM)) for _ in range(2))
    (hashing,), (other,) = first.effects, second.effects
    assert isinstance(hashing, Shared)
    assert hashing.key == other.key
    assert hashing.within_s == hashing.effect.within_s == 0.9
    hashing.settle(hashing.effect.run())
    assert said(first.resume((None,))) == said(second.resume((None,))) == (200, "alice")
    elsewhere = policy(gateway(PEOPLE))
    for made, text in ((people, "alice:wrong"), (elsewhere, "alice:correct horse")):
        assert begun(made, basic(text)).resume((ROOM, ROOM)).effects[0].key != hashing.key


def test_a_check_that_told_nothing_is_503(people):
    """What was not judged is nobody's fault, and no way in."""
    lost = begun(people, basic("alice:correct horse")).resume((ROOM, ROOM)).resume((None,))
    assert said(lost) == (503, "dependency_unavailable")
    assert lost.problem.why == "password: the answer was lost"


def test_guesses_at_one_user_end_in_429_and_others_go_on(policy, world):
    method = {**PEOPLE, "per_user": {"attempts": 5, "per_minute": 1}}
    people = policy(gateway(method), world=world)
    for number in range(5):
        assert said(people.decide(headers=basic(f"alice:{number}"))) == (401, "invalid_token")
    refused = people.decide(headers=basic("alice:correct horse"))
    assert said(refused) == (429, "rate_limited")
    assert int(dict(refused.headers)["retry-after"]) in range(50, 61)
    assert said(people.decide(headers=basic("bob:guess"))) == (401, "invalid_token")
    assert world.count(InPool) == 6


def test_guesses_from_one_address_at_many_users_end_in_429(policy, world):
    method = {**PEOPLE, "per_address": {"attempts": 5, "per_minute": 1}}
    people = policy(gateway(method), world=world)
    for number in range(5):
        assert said(people.decide(headers=basic(f"user{number}:x"))) == (401, "invalid_token")
    assert said(people.decide(headers=basic("alice:correct horse"))) == (429, "rate_limited")
    assert said(people.decide(headers=basic("alice:correct horse"), peer="198.51.100.8")) == (200, "alice")


def test_an_unknown_user_is_hashed_too(people, world):
    people.decide(headers=basic("nobody:x"))
    assert world.count(InPool) == 1


@pytest.mark.parametrize("away", [Take, InPool])
def test_what_can_not_be_judged_is_503_and_not_remembered(people, world, away):
    world.away = (away,)
    assert said(people.decide(headers=basic("alice:correct horse"))) == (503, "dependency_unavailable")
    world.away = ()
    assert said(people.decide(headers=basic("alice:correct horse"))) == (200, "alice")


def test_an_htpasswd_file_gives_users(policy, tmp_path):
    (tmp_path / "users").write_text(f"# staff\n\nalice:{ALICE}\nbob:{ARGON}\n")
    own = {"users": [{"user": "alice", "hash": ALICE, "user_id": "u-1"}]}
    file = {"name": "p", "method": "basic", "htpasswd_file": "users", "scopes": ["read"]}
    people = policy(gateway({**file, **own}))
    bob = Identity("bob", "basic", scopes=frozenset({"read"}), credential_id="bob")
    assert people.decide(headers=basic("bob:battery: staple")).identity == bob
    assert said(people.decide(headers=basic("alice:correct horse"))) == (200, "u-1")
    assert said(policy(gateway(file)).decide(headers=basic("alice:correct horse"))) == (200, "alice")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"users": []}, " knows nobody: give users or htpasswd_file"),
        ({"users": [{"user": "a", "hash": "$apr1$x$y"}]}, ".users[0].hash is MD5 or SHA-1"),
        ({"users": [{"user": "a", "hash": "{SHA}x"}]}, ".users[0].hash is MD5 or SHA-1"),
        ({"users": [{"user": "a", "hash": "secret"}]}, ".users[0].hash is neither bcrypt"),
        ({"users": [{"user": "a:b", "hash": ALICE}]}, ".users[0].user must match"),
        ({"users": [{"user": "a", "hash": ALICE}] * 2}, ".users names one user twice"),
        ({"users": [{"user": "a", "hash": ALICE}] * 2, "htpasswd_file": "bob"}, ".users names one user twice"),
        ({"users": [{"user": "a", "hash": ALICE.replace("$04$", "$31$")}]}, ".users[0].hash asks for more than 2^15"),
        ({"users": [{"user": "a", "hash": ARGON.replace("m=1024", "m=99999999")}]}, ".users[0].hash asks for more mem"),
        ({"realm": 'a"b'}, ".realm must match"),
        ({"users": [], "htpasswd_file": "missing"}, ".htpasswd_file can't read"),
        ({"users": [], "htpasswd_file": "empty"}, ".htpasswd_file names nobody"),
        ({"htpasswd_file": "bad"}, ".htpasswd_file line 2 is not of the form user:hash"),
    ],
)
def test_what_makes_no_sense_is_refused_at_load(policy, tmp_path, change, fault):
    for name, text in (("bob", f"bob:{ARGON}\n"), ("empty", "# nobody\n"), ("bad", "#\nalice\n")):
        (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError) as error:
        policy(gateway({**PEOPLE, **change}))
    assert str(error.value).startswith(f"inline: authentication[0]{fault}")


@pytest.mark.parametrize("line", ["alice", ":x", "alice:$apr1$a$b", "alice:"])
def test_a_bad_line_of_a_file_is_named_by_its_number(policy, tmp_path, line):
    (tmp_path / "users").write_text(f"bob:{ALICE}\n{line}\n")
    with pytest.raises(ConfigError, match="line 2"):
        policy(gateway({"name": "p", "method": "basic", "htpasswd_file": "users"}))


def test_the_password_is_in_no_repr_and_no_explanation(people):
    credential = read_credential(base64.b64encode(b"alice:hunter2").decode())
    assert isinstance(credential, Credential)
    assert "hunter2" not in repr(credential)
    people.decide(headers=basic("alice:hunter2"))
    assert "hunter2" not in repr(people.notes)


def test_hashes_say_whether_they_fit():
    assert fits(b"battery: staple", ARGON)
    assert not fits(b"other", ARGON)
    assert fits(b"correct horse", ALICE)
    assert hash_fault(ALICE) is None


def test_a_route_with_passwords_has_time_for_a_hash(policy):
    method = {**PEOPLE}
    assert policy(gateway(method)).pipeline.snapshot.routes["all"].check_s == 1.0
    written = policy(gateway(method, budgets={"check_ms": 200, "proxy_ms": 300}))
    assert written.pipeline.snapshot.routes["all"].check_s == 0.2
    half = policy(gateway(method, budgets={"proxy_ms": 300}))
    assert half.pipeline.snapshot.routes["all"].check_s == 0.15
