"""Keys of the store: remembered, followed by their revision, and what holds while the store is away."""

import pytest

from gateline.authn.key_book import issue, record_of, revoke, rotate
from gateline.authn.stored_keys import StoredKeys
from gateline.effects import KeyChanges, KeyChangesReply, KeyGet, KeyUsed
from gateline.values.errors import UnavailableError
from tests.authn.gateways import gateway, said
from tests.cases_support.keyring import PEPPER

NOW = 1_800_000_000.0


class Store:
    """A key store in memory that counts what it is asked."""

    def __init__(self):
        self.records = {}
        self.changed = {}
        self.revision = 0
        self.used = []
        self.asked = []
        self.away = False
        self.forgetful = False

    def put(self, key):
        self.records[key.prefix] = record_of(key)
        self.revision += 1
        self.changed[key.prefix] = self.revision

    def __call__(self, effect):
        self.asked.append(type(effect).__name__)
        if self.away:
            raise UnavailableError("store", "away")
        if isinstance(effect, KeyGet):
            return self.records.get(effect.prefix)
        if isinstance(effect, KeyChanges):
            if effect.since < 0 or self.forgetful:
                return KeyChangesReply(self.revision, None)
            return KeyChangesReply(self.revision, tuple(p for p, r in self.changed.items() if r > effect.since))
        if isinstance(effect, KeyUsed):
            self.used.append((effect.prefix, effect.now_unix_s))
            return None
        raise AssertionError(effect)


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def keyed(policy, store):
    method = {"name": "keys", "method": "api_key", "max_stale_s": 300}
    return policy(gateway(method, api_key_pepper={"file": ".gateline/pepper"}), world=store, now_unix_s=NOW)


def ask(keyed, secret, now=None):
    if now is not None:
        keyed.now_unix_s = now
    return said(keyed.decide(headers={"x-api-key": secret}))


def made(store, **fields):
    issued = issue(PEPPER, NOW, user_id="alice", **fields)
    store.put(issued.record)
    return issued


def test_a_key_is_looked_up_once_and_then_remembered(keyed, store):
    key = made(store)
    for _ in range(100):
        assert ask(keyed, key.secret) == (200, "alice")
    assert store.asked == ["KeyChanges", "KeyGet", "KeyUsed"]


def test_a_key_that_does_not_exist_is_remembered_as_such(keyed, store):
    unknown = issue(PEPPER, NOW, user_id="eve")
    for _ in range(100):
        assert ask(keyed, unknown.secret) == (401, "unknown_key")
    assert store.asked == ["KeyChanges", "KeyGet"]


def test_the_revision_is_read_about_once_a_second(keyed, store):
    key = made(store)
    for tick in range(100):
        ask(keyed, key.secret, NOW + tick / 10)
    assert 10 <= store.asked.count("KeyChanges") <= 12
    assert store.asked.count("KeyGet") == 1


def test_a_revoked_key_stops_within_a_second(keyed, store):
    key = made(store)
    assert ask(keyed, key.secret) == (200, "alice")
    store.put(revoke(key.record))
    assert ask(keyed, key.secret, NOW + 0.99) == (401, "key_inactive")


def test_a_new_key_works_within_a_second_though_it_was_tried_before(keyed, store):
    issued = issue(PEPPER, NOW, user_id="alice")
    assert ask(keyed, issued.secret) == (401, "unknown_key")
    store.put(issued.record)
    assert ask(keyed, issued.secret, NOW + 0.99) == (200, "alice")


def test_a_change_of_one_key_leaves_the_others_remembered(keyed, store):
    keys = [made(store) for _ in range(10)]
    for key in keys:
        ask(keyed, key.secret)
    store.asked.clear()
    store.put(revoke(keys[0].record))
    for key in keys:
        ask(keyed, key.secret, NOW + 1)
    assert store.asked.count("KeyGet") == 1


@pytest.mark.parametrize("loses", ["forgets which", "starts anew"])
def test_a_store_that_lost_its_history_makes_us_forget_everything(keyed, store, loses):
    key = made(store)
    ask(keyed, key.secret)
    store.put(revoke(key.record))
    store.forgetful = loses == "forgets which"
    if loses == "starts anew":
        store.revision, store.changed = 0, {}
    assert ask(keyed, key.secret, NOW + 1) == (401, "key_inactive")


def test_known_keys_go_on_while_the_store_is_away_and_unknown_ones_are_503(keyed, store):
    key, other, missing = made(store), made(store), issue(PEPPER, NOW, user_id="eve")
    ask(keyed, key.secret)
    ask(keyed, missing.secret)
    store.away = True
    assert ask(keyed, key.secret, NOW + 299) == (200, "alice")
    assert ask(keyed, other.secret, NOW + 299) == (503, "dependency_unavailable")
    assert ask(keyed, missing.secret, NOW + 299) == (503, "dependency_unavailable")
    assert ask(keyed, key.secret, NOW + 301) == (503, "dependency_unavailable")
    store.away = False
    assert ask(keyed, key.secret, NOW + 302) == (200, "alice")
    assert ask(keyed, missing.secret, NOW + 302) == (401, "unknown_key")


def test_a_store_that_is_away_is_not_asked_for_every_request(keyed, store):
    key = made(store)
    ask(keyed, key.secret)
    store.away = True
    store.asked.clear()
    for tick in range(100):
        ask(keyed, key.secret, NOW + 1 + tick / 100)
    assert store.asked.count("KeyChanges") == 2


def test_a_store_that_was_never_there_is_503(keyed, store):
    store.away = True
    assert ask(keyed, made(store).secret) == (503, "dependency_unavailable")


def test_a_broken_record_is_503(keyed, store):
    key = made(store)
    store.records[key.record.prefix] = {"id": "x"}
    assert ask(keyed, key.secret) == (503, "dependency_unavailable")


def test_use_is_noted_once_a_minute(keyed, store):
    key = made(store)
    for second in range(0, 180, 5):
        ask(keyed, key.secret, NOW + second)
    assert store.used == [(key.record.prefix, int(NOW) + second) for second in (0, 60, 120)]


def test_use_is_noted_for_nobody_who_was_refused(keyed, store):
    key = made(store, is_active=False)
    assert ask(keyed, key.secret) == (401, "key_inactive")
    assert store.used == []


def test_rotation_lets_both_keys_work_for_the_overlap(keyed, store):
    key = made(store, scopes=("read",), id="k")
    rotated = rotate(key.record, PEPPER, NOW, 3600)
    store.put(rotated.old)
    store.put(rotated.new.record)
    assert rotated.new.record.id == "k.2"
    assert rotated.new.record.scopes == ("read",)
    assert rotate(rotated.new.record, PEPPER, NOW, 1).new.record.id == "k.3"
    for when, old in ((1, (200, "alice")), (3599, (200, "alice")), (3600, (401, "key_inactive"))):
        assert ask(keyed, key.secret, NOW + when) == old
        assert ask(keyed, rotated.new.secret, NOW + when) == (200, "alice")


def test_rotation_never_lengthens_the_old_keys_life(store):
    key = made(store, expires_at="2027-01-15T08:00:10Z")
    assert rotate(key.record, PEPPER, NOW, 3600).old.expires_at == key.record.expires_at


def test_the_secret_is_in_no_record_and_no_repr(store):
    key = made(store)
    assert key.secret not in str(record_of(key.record))
    assert key.secret not in repr(key)
    assert key.record.key not in repr(key.record)


def step(asking, reply=None):
    """What a generator asks next, or what it returned."""
    try:
        return asking.send(reply)
    except StopIteration as stop:
        return stop.value


@pytest.fixture
def cache():
    return StoredKeys(capacity=100, max_stale_s=300.0, within_s=0.05)


def known(cache, answer, now=NOW, revision=0):
    """Let the cache read the revision and this record of the key `aaaaaaaa`."""
    asking = cache.find("aaaaaaaa", now)
    step(asking).settle(KeyChangesReply(revision, None))
    step(asking).settle(answer)
    return step(asking)


def test_what_is_asked_of_the_store(cache):
    """First what changed since a revision that it can't know, then the record; each shared by all who want it."""
    asking = cache.find("aaaaaaaa", NOW)
    changes = step(asking)
    assert (changes.effect, changes.within_s) == (KeyChanges(-1, 0.05), 0.05)
    changes.settle(KeyChangesReply(7, None))
    record = step(asking)
    assert (record.effect, record.within_s) == (KeyGet("aaaaaaaa", 0.05), 0.05)
    same, another = cache.find("aaaaaaaa", NOW), cache.find("bbbbbbbb", NOW)
    assert step(same).key == record.key
    assert step(another).key not in (record.key, changes.key)
    elsewhere = StoredKeys(9, 1.0, 0.05).find("aaaaaaaa", NOW)
    theirs = step(elsewhere)
    theirs.settle(KeyChangesReply(7, None))
    assert theirs.key != changes.key
    assert step(elsewhere).key != record.key
    assert step(cache.find("aaaaaaaa", NOW + 0.9)).effect == KeyChanges(7, 0.05)


@pytest.mark.parametrize("exists", [True, False])
def test_what_was_read_counts_for_nine_tenths_of_a_second(cache, exists):
    """A second, less the way to the store; from then on nothing is known without asking."""
    record = record_of(issue(PEPPER, NOW, user_id="alice").record)
    key = known(cache, record if exists else None)
    assert (key is not None) == exists
    assert cache.remembered("aaaaaaaa", NOW) == (True, key)
    assert cache.remembered("aaaaaaaa", NOW + 0.899) == (True, key)
    assert cache.remembered("aaaaaaaa", NOW + 0.9) == (False, None)
    assert cache.remembered("bbbbbbbb", NOW) == (False, None)
    assert step(cache.find("aaaaaaaa", NOW + 0.899)) is key


def test_a_store_that_is_away_is_asked_again_nine_tenths_of_a_second_later(cache):
    """Until then the key that is known goes on, up to the policy's `max_stale_s`."""
    key = known(cache, record_of(issue(PEPPER, NOW, user_id="alice").record))
    for now in (NOW + 0.9, NOW + 299.5):
        asking = cache.find("aaaaaaaa", now)
        assert step(asking).effect == KeyChanges(0, 0.05)
        with pytest.raises(StopIteration) as stop:
            asking.throw(UnavailableError("store", "away"))
        assert stop.value.value is key
        with pytest.raises(UnavailableError, match="is not known here"):
            step(cache.find("bbbbbbbb", now))
    assert step(cache.find("aaaaaaaa", NOW + 299.9)) is key
    with pytest.raises(UnavailableError, match=r"^key store: is away, and the key is not known here$"):
        step(cache.find("aaaaaaaa", NOW + 300))
    assert step(cache.find("aaaaaaaa", NOW + 300.4)).effect == KeyChanges(0, 0.05)


def test_a_revision_that_could_not_be_read_is_no_revision(cache):
    """The answer may be a failure, too: then nothing counts as read."""
    asking = cache.find("aaaaaaaa", NOW)
    step(asking).settle(UnavailableError("store", "away"))
    with pytest.raises(UnavailableError, match="is not known here"):
        step(asking)


def test_a_record_that_could_not_be_read_is_read_again_and_then_given_up(cache):
    """Three times; so is a record that was read while the revision moved on."""
    record = record_of(issue(PEPPER, NOW, user_id="alice").record)
    asking = cache.find("aaaaaaaa", NOW)
    step(asking).settle(KeyChangesReply(0, None))
    step(asking).settle(UnavailableError("store", "away"))
    overtaken = step(asking)
    step(cache.find("bbbbbbbb", NOW + 0.9)).settle(KeyChangesReply(1, ("aaaaaaaa",)))
    overtaken.settle(record)
    assert cache.remembered("aaaaaaaa", NOW + 0.9) == (False, None)
    assert step(asking).effect == KeyGet("aaaaaaaa", 0.05)
    with pytest.raises(UnavailableError, match=r"^key store: its keys change faster than they can be read$"):
        step(asking)


def test_a_broken_record_says_whose_and_that_asking_again_is_no_use(cache):
    """The prefix is public; nothing else of the record is told."""
    with pytest.raises(UnavailableError) as caught:
        known(cache, {"id": "x"})
    assert str(caught.value) == "key store: its record of aaaaaaaa is broken"
    assert (caught.value.dependency, caught.value.transient) == ("key store", False)
