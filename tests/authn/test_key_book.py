"""API keys: their form, what is stored of them, and how they are issued, revoked and rotated."""

import hashlib
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from gateline.authn.key_book import issue, record_of, revoke, rotate
from gateline.authn.key_model import APIKey, hash_of, new_key, prefix_of

PEPPER = b"pepper"
NOW = 1_800_000_000.7
THEN = datetime.fromtimestamp(1_800_000_000, UTC)
LATER = datetime.fromtimestamp(1_800_003_600, UTC)


def at(unix_s):
    return datetime.fromtimestamp(unix_s, UTC)


def record(**fields):
    return issue(PEPPER, NOW, user_id="alice", **fields).record


def test_a_new_key_is_well_formed_and_never_the_same():
    """Of 8 and 32 characters."""
    prefix, key = new_key()
    scheme, same, secret = key.split("_")
    assert (scheme, same, len(prefix), len(secret)) == ("gl", prefix, 8, 32)
    assert prefix_of(key) == prefix
    assert len({new_key() for _ in range(10)}) == 10
    assert secret.isalnum()


@pytest.mark.parametrize(
    ("key", "prefix"),
    [
        ("gl_abcdefgh_" + "x" * 32, "abcdefgh"),
        ("gl_abcdefgh_" + "x" * 31, None),
        ("gl_abcdefgh_" + "x" * 33, None),
        ("gl_abcdefg_" + "x" * 32, None),
        ("gl_abcdefghi_" + "x" * 32, None),
        ("gx_abcdefgh_" + "x" * 32, None),
        ("gl_abcdefgh_" + "x" * 31 + "é", None),
        ("gl_abcdefgh_" + "x" * 32 + "_", None),
        ("gl_abcdefgh", None),
        ("", None),
    ],
)
def test_what_is_no_key_has_no_prefix(key, prefix):
    """So that nothing is looked up for it."""
    assert prefix_of(key) == prefix


@pytest.mark.parametrize("length", [0, 1, 64])
def test_a_key_is_stored_as_a_keyed_hash(length):
    """BLAKE2b of 256 bits, with the pepper as its key as far as BLAKE2b takes one."""
    pepper = b"p" * length
    assert hash_of("gl_x", pepper) == "blake2b-256:" + hashlib.blake2b(b"gl_x", key=pepper, digest_size=32).hexdigest()


def test_a_longer_pepper_is_hashed_first():
    """And every byte of it counts."""
    keyed_by = hashlib.blake2b(b"p" * 65).digest()
    assert hash_of("gl_x", b"p" * 65) == hash_of("gl_x", keyed_by)
    assert hash_of("gl_x", b"p" * 66) != hash_of("gl_x", b"p" * 65)


def test_a_key_is_issued_with_the_hash_of_its_secret():
    """Its prefix names it where nothing else does; moments are whole seconds."""
    made = issue(PEPPER, NOW, user_id="alice", scopes=["read"])
    found = made.record
    assert found.prefix == prefix_of(made.secret)
    assert found.key == hash_of(made.secret, PEPPER)
    assert (found.id, found.user_id, found.scopes) == (f"key-{found.prefix}", "alice", ("read",))
    assert (found.created_at, found.is_active) == (THEN, True)
    assert record(id="k", created_at=LATER).created_at == LATER
    with pytest.raises(ValidationError):
        record(unheard_of=1)


def test_a_revoked_key_stays_as_a_record():
    """That says it is not active, and is otherwise the same."""
    given = record(tenant="acme")
    assert revoke(given) == given.model_copy(update={"is_active": False})
    assert given.is_active


def test_a_successor_may_do_the_same_and_is_new():
    """What belongs to the old key alone is not handed on."""
    given = record(
        id="k", name="n", tenant="acme", scopes=["a"], rate_limit_tier="gold", expires_at=LATER, burst=3,
        requests_per_minute=9, daily_quota=8, monthly_quota=7, last_used=THEN, created_at=at(1), is_active=False,
    )  # fmt: skip
    new = rotate(given, PEPPER, NOW, 60).new
    same = {"id", "prefix", "key", "created_at", "last_used", "is_active"}
    assert new.record.model_dump(exclude=same) == given.model_dump(exclude=same)
    assert (new.record.id, new.record.created_at, new.record.last_used, new.record.is_active) == (
        "k.2",
        THEN,
        None,
        True,
    )
    assert (new.record.prefix, new.record.key) == (prefix_of(new.secret), hash_of(new.secret, PEPPER))
    assert new.record.prefix != given.prefix


@pytest.mark.parametrize(
    ("expires_at", "overlap_s", "end"),
    [(None, 60, at(1_800_000_060)), (LATER, 60, at(1_800_000_060)), (LATER, 3601, LATER), (None, 0, THEN)],
)
def test_the_old_key_works_for_the_overlap_or_to_its_end(expires_at, overlap_s, end):
    """Whichever is sooner; nothing else of it changes."""
    given = record(expires_at=expires_at)
    old = rotate(given, PEPPER, NOW, overlap_s).old
    assert old == given.model_copy(update={"expires_at": end})


@pytest.mark.parametrize(
    ("name", "following"),
    [
        ("key-a", "key-a.2"),
        ("key-a.2", "key-a.3"),
        ("a.b.9", "a.b.10"),
        ("a.b", "a.b.2"),
        ("a.", "a..2"),
        (".2", ".2.2"),
        ("7", "7.2"),
    ],
)
def test_successors_are_counted(name, following):
    """Unless they are given a name."""
    given = record(id=name)
    assert rotate(given, PEPPER, NOW, 0).new.record.id == following
    assert rotate(given, PEPPER, NOW, 0, "other").new.record.id == "other"


def test_a_record_is_written_without_what_is_not_set():
    """As JSON has it, and read again as it was."""
    given = record(id="k", scopes=["a"])
    assert record_of(given) == {
        "id": "k", "prefix": given.prefix, "key": given.key, "user_id": "alice", "scopes": ["a"],
        "created_at": "2027-01-15T08:00:00Z",
    }  # fmt: skip
    assert APIKey.model_validate(record_of(given)) == given


def test_a_key_has_expired_from_its_end_on():
    """One without an end never does."""
    given = record(expires_at=LATER)
    assert not given.expired(LATER.timestamp() - 0.1)
    assert given.expired(LATER.timestamp())
    assert not record().expired(1e12)
