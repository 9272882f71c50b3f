"""Files of `htpasswd -B`: users, comments, and lines that name their fault."""

import pytest

from gateline.authn.password.htpasswd import HtpasswdError, read_htpasswd

HASH = "$2b$10$" + "a" * 53


def test_each_line_is_a_user_and_a_hash():
    """Blank lines and comments count for nothing; spaces around a hash do not belong to it."""
    raw = f"alice:{HASH}\n\n  \n# bob:x\r\né: {HASH} \n".encode()
    assert list(read_htpasswd(raw)) == [("alice", HASH), ("é", HASH)]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"\xff", "is not UTF-8"),
        (f"#\n\nalice:{HASH}\nbob".encode(), "line 4 is not of the form user:hash"),
        (f":{HASH}".encode(), "line 1 is not of the form user:hash"),
        (b"alice:", "line 1: the hash is neither bcrypt ($2b$…) nor argon2 ($argon2id$…)"),
        (f"alice:{HASH}:x".encode(), "line 1: the hash is neither"),
        (f"alice:x:{HASH}".encode(), "line 1: the hash is neither"),
        (b"a:$apr1$x$y", "line 1: the hash is MD5 or SHA-1"),
    ],
)
def test_a_file_that_can_not_be_used_names_the_line(raw, why):
    """By its number, and nothing of what stands there."""
    with pytest.raises(HtpasswdError) as caught:
        list(read_htpasswd(raw))
    assert str(caught.value).startswith(why)
