"""Reading keys: what is no public key for signatures is refused when the policy is loaded."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ed448, rsa

from gateline.authn.jose.keys import BadKeyError, KeySet, kind_of, read_jwk, read_jwks, read_pem, read_secret
from tests.cases_support.keyring import HMAC_SECRET, base64url, keyring

ALL = ("RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519")


def test_a_key_serves_only_what_its_kind_allows():
    ring = keyring()
    keys = read_jwks(ring.jwks("main", "ec", "ec384", "ed"), ALL)
    assert {key.kid: key.algorithms for key in keys.keys} == {
        "main": {"RS256", "PS256"},
        "ec": {"ES256"},
        "ec384": {"ES384"},
        "ed": {"EdDSA", "Ed25519"},
    }
    assert keys.find("main", "ES256") is None
    assert keys.find("ec", "ES256") is not None
    assert keys.find("nobody", "ES256") is None


def test_a_keys_own_alg_narrows_it():
    key = read_jwk({**keyring().public_jwk("main"), "alg": "PS256"}, ALL)
    assert key.algorithms == {"PS256"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"use": "enc"}, "not for signatures"),
        ({"key_ops": ["encrypt"]}, "not for signatures"),
        ({"key_ops": 7}, "not for signatures"),
        ({"d": "AQAB"}, "private key"),
        ({"kty": "oct", "k": "c2VjcmV0"}, "unknown kty"),
        ({"kty": ["RSA"]}, "unknown kty"),
        ({"kid": 7}, "kid is no text"),
        ({"kid": ""}, "kid is no text"),
        ({"alg": "RS512"}, "none of the allowed"),
        ({"n": "!!"}, "can't be read"),
        ({"n": None}, "can't be read"),
        ({"e": "AQ"}, "can't be read"),
    ],
)
def test_an_entry_that_is_no_use_says_why(change, why):
    with pytest.raises(BadKeyError, match=why):
        read_jwk({**keyring().public_jwk("main"), **change}, ALL)


def test_a_short_rsa_key_is_refused():
    numbers = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key().public_numbers()
    entry = {"kty": "RSA", "kid": "s", "e": "AQAB", "n": base64url(numbers.n.to_bytes(128, "big"))}
    with pytest.raises(BadKeyError, match="fewer than 2048 bits"):
        read_jwk(entry, ALL)


def test_a_set_skips_what_it_does_not_understand_but_not_everything():
    ring = keyring()
    odd = {"kty": "future", "kid": "x"}
    assert len(read_jwks({"keys": [odd, 7, ring.public_jwk("ec")]}, ALL).keys) == 1
    with pytest.raises(BadKeyError, match="has no key for RS256"):
        read_jwks(json.dumps({"keys": [odd]}).encode(), ("RS256",))


@pytest.mark.parametrize("document", [b"{", b"[]", b'{"keys": {}}', b"\xff", b"[" * 100_000, b'{"keys": []}'])
def test_a_document_that_is_no_set_is_refused(document):
    with pytest.raises(BadKeyError):
        read_jwks(document, ALL)


def test_a_set_of_more_keys_than_anybody_has_is_refused():
    with pytest.raises(BadKeyError, match="more than 256"):
        read_jwks({"keys": [keyring().public_jwk("ec")] * 257}, ALL)


def test_a_token_without_kid_is_served_only_where_one_key_fits():
    ring = keyring()
    assert read_jwks(ring.jwks("main", "next"), ALL).find(None, "RS256") is None
    assert read_jwks(ring.jwks("main", "ec"), ALL).find(None, "RS256") is not None


def test_two_keys_of_one_kid_and_algorithm_are_ambiguous():
    jwk = keyring().public_jwk("next")
    keys = KeySet([read_jwk({**jwk, "kid": "main"}, ALL), read_jwk(keyring().public_jwk("main"), ALL)])
    assert keys.find("main", "RS256") is None


def test_a_pem_serves_any_kid():
    keys = KeySet([read_pem(keyring().public_pem("main"), ALL)])
    assert keys.find("whatever", "RS256") is not None
    assert keys.find("whatever", "ES256") is None


def test_a_pem_that_is_no_public_key_is_refused():
    with pytest.raises(BadKeyError, match="no public key in PEM"):
        read_pem(b"-----BEGIN NOTHING-----", ALL)


def test_a_secret_must_be_long_enough_and_no_public_key():
    assert read_secret(HMAC_SECRET, ("HS256",)).algorithms == {"HS256"}
    with pytest.raises(BadKeyError, match="shorter than 64 bytes"):
        read_secret(HMAC_SECRET, ("HS256", "HS512"))
    with pytest.raises(BadKeyError, match="must never serve as a secret"):
        read_secret(keyring().public_pem("main"), ("HS256",))
    with pytest.raises(BadKeyError, match="none of the allowed"):
        read_secret(HMAC_SECRET, ("RS256",))


def test_a_kind_of_key_that_jws_does_not_know_has_no_name():
    assert kind_of(ed448.Ed448PrivateKey.generate().public_key()) == ("", "")
