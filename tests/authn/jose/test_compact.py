"""A token taken apart: what is well-formed, to the character, and why anything else is not."""

import json

import pytest

from gateline.authn.jose.compact import MalformedError, decode, read_token
from tests.cases_support.keyring import base64url

HEADER = {"alg": "RS256", "kid": "k", "typ": "JWT"}
CLAIMS = {"sub": "alice"}


def part(value):
    return base64url(value if isinstance(value, bytes) else json.dumps(value).encode())


def written(header=HEADER, claims=CLAIMS, signature=b"sig"):
    return f"{part(header)}.{part(claims)}.{part(signature)}"


def header_of(length):
    """A header whose encoded form is `length` characters long."""
    bare = len(json.dumps({**HEADER, "pad": ""}))
    return {**HEADER, "pad": "x" * (length * 3 // 4 - bare)}


def test_a_token_gives_its_parts():
    """What the signature must fit are the first two parts as they were sent."""
    text = written()
    token = read_token(text)
    assert (token.alg, token.kid, token.typ) == ("RS256", "k", "JWT")
    assert token.claims == CLAIMS
    assert token.signed == text.rpartition(".")[0].encode()
    assert token.signature == b"sig"


def test_kid_and_typ_may_be_left_out():
    """Both are optional (RFC 7515 §4.1.4, §4.1.9)."""
    token = read_token(written({"alg": "RS256"}))
    assert (token.kid, token.typ) == (None, None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "has not three parts"),
        ("a.b", "has not three parts"),
        ("a.b.c.d", "has not three parts"),
        ("a.b.c.d.e", "has not three parts"),
        (written([]), "has a part that is no JSON object"),
        (written(b"{"), "has a part that is no JSON (JSONDecodeError)"),
        (written(b"\xff"), "has a part that is no JSON (UnicodeDecodeError)"),
        (written(claims=b'{"a": 1, "a": 2}'), "has a part that has a name twice"),
        (written(claims=7), "has a part that is no JSON object"),
        ("a." + part(CLAIMS) + ".c", "has a part that is no base64url"),
        (part(HEADER) + "." + part(CLAIMS) + ".c", "has a part that is no base64url"),
        (part(HEADER) + "." + part(CLAIMS) + ".cé", "has a part that is no base64url"),
        (part(HEADER) + "." + part(CLAIMS) + ".YR", "has a part that is no canonical base64url"),
        (part(HEADER) + "." + part(CLAIMS) + ".a+/b", "has a part that is no base64url"),
        (part(HEADER) + "." + part(CLAIMS) + ".YQ==", "has a part that is no base64url"),
    ],
)
def test_what_is_no_token_says_why(text, why):
    """The reason is told in full, and nothing of the token with it."""
    with pytest.raises(MalformedError) as caught:
        read_token(text)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"alg": 256}, "names no algorithm"),
        ({"alg": None}, "names no algorithm"),
        ({"crit": []}, "has critical header parameters"),
        ({"b64": True}, "has the header parameter b64 (RFC 7797)"),
        ({"zip": "DEF"}, "is encrypted or compressed"),
        ({"enc": "A128GCM"}, "is encrypted or compressed"),
        ({"kid": ""}, "has a kid that is no text of 1 to 256 characters"),
        ({"kid": 7}, "has a kid that is no text of 1 to 256 characters"),
        ({"kid": "k" * 257}, "has a kid that is no text of 1 to 256 characters"),
        ({"kid": None}, "has a kid that is null"),
        ({"typ": None}, "has a typ that is no text"),
        ({"typ": 7}, "has a typ that is no text"),
    ],
)
def test_a_header_that_is_no_good_says_why(change, why):
    """Each parameter of the header that is looked at has its own reason."""
    with pytest.raises(MalformedError) as caught:
        read_token(written({**HEADER, **change}))
    assert str(caught.value) == why


@pytest.mark.parametrize("kid", ["k", "k" * 256])
def test_a_kid_of_any_allowed_length_is_read(kid):
    """1 and 256 characters are the ends of what a kid may have."""
    assert read_token(written({**HEADER, "kid": kid})).kid == kid


def test_a_header_is_read_up_to_its_limit():
    """2048 characters pass, and one step more does not."""
    assert len(part(header_of(2048))) == 2048
    assert read_token(written(header_of(2048))).kid == "k"
    with pytest.raises(MalformedError, match=r"^has a header longer than 2048 characters$"):
        read_token(written(header_of(2052)))


def test_a_token_is_read_up_to_its_limit():
    """8192 characters pass, and one more does not."""
    start = f"{part(HEADER)}.{part(CLAIMS)}."
    text = start + "A" * (8192 - len(start))
    assert set(read_token(text).signature) == {0}
    with pytest.raises(MalformedError, match=r"^is longer than 8192 characters$"):
        read_token(text + "A")


@pytest.mark.parametrize("raw", [b"", b"a", b"ab", b"abc", b"\xfb\xff\xfe", b"]u\xd7", bytes(range(256))])
def test_bytes_come_back_from_their_one_way_to_be_written(raw):
    """Without padding, in the alphabet of URLs (RFC 7515 §2)."""
    assert decode(base64url(raw)) == raw


@pytest.mark.parametrize("text", ["a", "\ud800", "YQ\ud800", "Y Q", "YWI\n"])
def test_what_is_no_base64url_is_refused(text):
    """Half a surrogate pair too, which can't even be encoded."""
    with pytest.raises(MalformedError):
        decode(text)
