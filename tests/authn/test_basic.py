"""Passwords: what is counted, hashed and remembered, and what is refused at load."""

import base64

import pytest

from gateline.authn.password.credential import Credential, read_credential
from gateline.authn.password.hashes import fits, hash_fault
from gateline.effects import InPool, Take
from gateline.testing import MemoryWorld
from gateline.values.errors import ConfigError, UnavailableError
from tests.authn.gateways import gateway, said

ALICE = "$2b$04$IQODN22UuWpqJifegbJIyeH13zracEJ1SWetTk6mUwF0.rBSfcxn."
ARGON = "$argon2id$v=19$m=1024,t=1,p=1$BDvV/JArp5tQ95899nsTCA$YFAHqibAOcswAw79pEufL6OMXzC86zTnVJxWa93CXcE"
PEOPLE = {"name": "people", "method": "basic", "users": [{"user": "alice", "hash": ALICE}]}


class Counting(MemoryWorld):
    """Counts what is asked."""

    def __init__(self):
        super().__init__()
        self.asked = []
        self.away = ()

    def __call__(self, effect):
        self.asked.append(type(effect))
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
    assert world.asked.count(InPool) == 2
    assert world.asked.count(Take) == 4


def test_it_is_forgotten_in_time(people, world):
    people.decide(headers=basic("alice:correct horse"))
    people.now_unix_s += 60
    people.decide(headers=basic("alice:correct horse"))
    assert world.asked.count(InPool) == 2


def test_guesses_at_one_user_end_in_429_and_others_go_on(policy, world):
    method = {**PEOPLE, "per_user": {"attempts": 5, "per_minute": 1}}
    people = policy(gateway(method), world=world)
    for number in range(5):
        assert said(people.decide(headers=basic(f"alice:{number}"))) == (401, "invalid_token")
    refused = people.decide(headers=basic("alice:correct horse"))
    assert said(refused) == (429, "rate_limited")
    assert int(dict(refused.headers)["retry-after"]) in range(50, 61)
    assert said(people.decide(headers=basic("bob:guess"))) == (401, "invalid_token")
    assert world.asked.count(InPool) == 6


def test_guesses_from_one_address_at_many_users_end_in_429(policy, world):
    method = {**PEOPLE, "per_address": {"attempts": 5, "per_minute": 1}}
    people = policy(gateway(method), world=world)
    for number in range(5):
        assert said(people.decide(headers=basic(f"user{number}:x"))) == (401, "invalid_token")
    assert said(people.decide(headers=basic("alice:correct horse"))) == (429, "rate_limited")
    assert said(people.decide(headers=basic("alice:correct horse"), peer="198.51.100.8")) == (200, "alice")


def test_an_unknown_user_is_hashed_too(people, world):
    people.decide(headers=basic("nobody:x"))
    assert world.asked.count(InPool) == 1


@pytest.mark.parametrize("away", [Take, InPool])
def test_what_can_not_be_judged_is_503_and_not_remembered(people, world, away):
    world.away = (away,)
    assert said(people.decide(headers=basic("alice:correct horse"))) == (503, "dependency_unavailable")
    world.away = ()
    assert said(people.decide(headers=basic("alice:correct horse"))) == (200, "alice")


def test_an_htpasswd_file_gives_users(policy, tmp_path):
    (tmp_path / "users").write_text(f"# staff\n\nalice:{ALICE}\nbob:{ARGON}\n")
    people = policy(gateway({"name": "p", "method": "basic", "htpasswd_file": "users", "scopes": ["read"]}))
    assert said(people.decide(headers=basic("bob:battery: staple"))) == (200, "bob")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"users": []}, "knows nobody"),
        ({"users": [{"user": "a", "hash": "$apr1$x$y"}]}, "MD5 or SHA-1"),
        ({"users": [{"user": "a", "hash": "{SHA}x"}]}, "MD5 or SHA-1"),
        ({"users": [{"user": "a", "hash": "secret"}]}, "neither bcrypt"),
        ({"users": [{"user": "a:b", "hash": ALICE}]}, "must match"),
        ({"users": [{"user": "a", "hash": ALICE}] * 2}, "twice"),
        ({"users": [{"user": "a", "hash": ALICE.replace("$04$", "$31$")}]}, "rounds"),
        ({"users": [{"user": "a", "hash": ARGON.replace("m=1024", "m=99999999")}]}, "more memory"),
        ({"realm": 'a"b'}, "must match"),
        ({"users": [], "htpasswd_file": "missing"}, "can't read"),
    ],
)
def test_what_makes_no_sense_is_refused_at_load(policy, change, why):
    with pytest.raises(ConfigError, match=why):
        policy(gateway({**PEOPLE, **change}))


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
