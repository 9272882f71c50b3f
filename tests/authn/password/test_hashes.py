"""Stored hashes: which may be used, to the last round and byte, and which passwords they fit."""

import sys

import argon2
import bcrypt
import pytest

from gateline.authn.password.hashes import fits, hash_fault

FAST = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
MD5 = "is MD5 or SHA-1, which guess by the billion a second: make it anew with `htpasswd -B`"
NEITHER = "is neither bcrypt ($2b$…) nor argon2 ($argon2id$…)"
DEAR = "asks for more memory or passes than a gateway should spend"
ROUNDS = "asks for more than 2^15 rounds, or for fewer than 2^4"


def bcrypt_text(rounds, kind="b", tail=53):
    return f"$2{kind}${rounds}${'a' * tail}"


def argon2_text(kib=8, passes=1, kind="id"):
    return f"$argon2{kind}$v=19$m={kib},t={passes},p=1$c2FsdHNhbHQ$aGFzaGhhc2g"


@pytest.mark.parametrize(
    "stored",
    [
        bcrypt_text("04"),
        bcrypt_text("15", "a"),
        bcrypt_text("10", "y"),
        argon2_text(512 * 1024, 20),
        argon2_text(kind="i"),
        argon2_text(kind="d"),
    ],
)
def test_a_hash_may_cost_as_much_as_a_gateway_can_bear(stored):
    """Of each kind, the dearest."""
    assert hash_fault(stored) is None


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        (bcrypt_text("03"), ROUNDS),
        (bcrypt_text("16"), ROUNDS),
        (argon2_text(kib=512 * 1024 + 1), DEAR),
        (argon2_text(passes=21), DEAR),
        ("$apr1$salt$hash", MD5),
        ("{SHA}hash", MD5),
        ("$1$salt$hash", MD5),
        (bcrypt_text("10", "x"), NEITHER),
        (bcrypt_text("10", tail=52), NEITHER),
        ("secret", NEITHER),
        ("", NEITHER),
    ],
)
def test_a_hash_that_can_not_be_used_says_why(stored, why):
    """And what to do, where there is something."""
    assert hash_fault(stored) == why


@pytest.mark.parametrize(
    ("stored", "package"), [(bcrypt_text("10"), "bcrypt"), (argon2_text(), "argon2")], ids=["bcrypt", "argon2"]
)
def test_a_hash_whose_library_is_not_there_says_how_to_get_it(monkeypatch, stored, package):
    """When the policy is loaded, not with the first password."""
    monkeypatch.setitem(sys.modules, package, None)
    assert hash_fault(stored) == f"needs the package {package}: pip install 'gateline[basic]'"


@pytest.mark.parametrize(
    ("password", "fit"),
    [(b"x" * 72, True), (b"x" * 71, False), (b"x" * 73, False), (b"x" * 72 + b"y" * 100, False), (b"", False)],
    ids=["same", "shorter", "longer", "much longer", "empty"],
)
def test_bcrypt_fits_whole_passwords_only(password, fit):
    """What bcrypt would cut off behind 72 bytes counts, too."""
    stored = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    assert fits(password, stored) is fit


def test_argon2_fits_passwords_of_any_length():
    """And a hash that is none fits nothing."""
    stored = FAST.hash(b"x" * 200)
    assert fits(b"x" * 200, stored) is True
    assert fits(b"x" * 199, stored) is False
    assert fits(b"x", "$argon2id$broken") is False
