"""Credentials of the Basic scheme, taken apart, and why some are none."""

import base64

import pytest

from gateline.authn.password.credential import Credential, read_credential


def encoded(raw):
    return base64.b64encode(raw if isinstance(raw, bytes) else raw.encode()).decode()


@pytest.mark.parametrize(
    ("raw", "user", "password"),
    [
        ("alice:secret", "alice", "secret"),
        ("alice:", "alice", ""),
        ("a:b:c", "a", "b:c"),
        ("é:ü ~\x80", "é", "ü ~\x80"),
        ("x" * 256 + ":p", "x" * 256, "p"),
        ("a:" + "p" * 1024, "a", "p" * 1024),
    ],
)
def test_the_first_colon_parts_user_and_password(raw, user, password):
    """Both in UTF-8; the longest that are allowed, too (RFC 7617 §2)."""
    assert read_credential(encoded(raw)) == Credential(user, password.encode())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("YTpi" * 1024 + "YTpi", "is too long"),
        ("YTpi" * 1024, "has a password that is too long"),
        ("YTpi!", "is no base64 of UTF-8"),
        ("YTpi Y", "is no base64 of UTF-8"),
        ("YTp", "is no base64 of UTF-8"),
        ("é", "is no base64 of UTF-8"),
        (encoded(b"a:\xff"), "is no base64 of UTF-8"),
        ("YTp=", "is no canonical base64"),
        (encoded("alice"), "has no colon"),
        ("", "has no colon"),
        (encoded(":secret"), "has a user that is empty or too long"),
        (encoded("x" * 257 + ":p"), "has a user that is empty or too long"),
        (encoded("a\n:p"), "has a control character"),
        (encoded("a:p\x1f"), "has a control character"),
        (encoded("a:p\x7f"), "has a control character"),
        (encoded("a\u200b:p"), "has a user that is not printable"),
        (encoded("a:" + "p" * 1025), "has a password that is too long"),
        (encoded("a:" + "é" * 513), "has a password that is too long"),
    ],
)
def test_what_is_no_credential_says_why(text, why):
    """And quotes nothing."""
    assert read_credential(text) == why


def test_a_password_is_in_no_repr():
    """Of what is shown, only the user is."""
    assert repr(read_credential(encoded("alice:secret"))) == "Credential('alice')"
