"""Reading keys: what is no public key for signatures is refused when the policy is loaded."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa

from gateline.authn.jose.keys import BadKeyError, KeySet, kind_of, read_jwk, read_jwks, read_pem, read_secret
from tests.cases_support.keyring import HMAC_SECRET, base64url, keyring

# The other point with the same x (FIPS 186-4 §D.1.2.3: p of P-256).
MIRRORED_Y = 2**256 - 2**224 + 2**192 + 2**96 - 1 - keyring().private["ec"].public_key().public_numbers().y
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
        ({"use": "enc"}, "key 'main' is not for signatures"),
        ({"key_ops": ["encrypt"]}, "key 'main' is not for signatures"),
        ({"key_ops": 7}, "key 'main' is not for signatures"),
        ({"key_ops": "verify"}, "key 'main' is not for signatures"),
        ({"d": "AQAB"}, "key 'main' is a private key, which does not belong here"),
        ({"kty": "oct", "k": "c2VjcmV0"}, "key 'main' has the unknown kty 'oct'"),
        ({"kty": ["RSA"]}, "key 'main' has the unknown kty ['RSA']"),
        ({"kid": 7}, "a kid is no text"),
        ({"kid": ""}, "a kid is no text"),
        ({"alg": "RS512"}, "key 'main' fits none of the allowed algorithms"),
        ({"n": "!!"}, "key 'main' can't be read (ValueError)"),
        ({"n": None}, "key 'main' can't be read (TypeError)"),
        ({"e": "AQ"}, "key 'main' can't be read (ValueError)"),
        ({"e": None, "kid": None}, "key None can't be read (TypeError)"),
    ],
)
def test_an_entry_that_is_no_use_says_why(change, why):
    """By its kid, so that it can be found in the document."""
    with pytest.raises(BadKeyError) as caught:
        read_jwk({**keyring().public_jwk("main"), **change}, ALL)
    assert str(caught.value) == why


@pytest.mark.parametrize("missing", ["kid", "use"])
def test_what_an_entry_may_leave_out(missing):
    """A key of no kid, or of no declared use, is one to verify with."""
    entry = keyring().public_jwk("main")
    del entry[missing]
    assert read_jwk({**entry, "key_ops": ["sign", "verify"]}, ALL).algorithms == {"RS256", "PS256"}


def test_a_short_rsa_key_is_refused():
    numbers = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key().public_numbers()
    entry = {"kty": "RSA", "kid": "s", "e": "AQAB", "n": base64url(numbers.n.to_bytes(128, "big"))}
    with pytest.raises(BadKeyError, match="fewer than 2048 bits"):
        read_jwk(entry, ALL)


def test_a_set_skips_what_it_does_not_understand():
    """As RFC 7517 §5 asks."""
    ring = keyring()
    odd = {"kty": "future", "kid": "x"}
    assert [key.kid for key in read_jwks({"keys": [odd, 7, ring.public_jwk("ec")]}, ALL).keys] == ["ec"]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b"{", "is no JSON"),
        (b"\xff", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"[]", "is no JWKS: it has no list `keys`"),
        (b'{"keys": {}}', "is no JWKS: it has no list `keys`"),
        (b'{"keys": []}', "has no key for RS256, ES256: it is empty"),
        ({}, "is no JWKS: it has no list `keys`"),
        (
            {"keys": [7, {"kid": ""}, {"use": "enc"}, {"kty": "future"}]},
            "has no key for RS256, ES256: a key is no object; a kid is no text; key None is not for signatures",
        ),
        ({"keys": [{"kty": "a"}] * 257}, "has more than 256 keys"),
    ],
)
def test_a_document_without_a_usable_key_says_why(document, why):
    """With the first three reasons of its entries."""
    with pytest.raises(BadKeyError) as caught:
        read_jwks(document, ("RS256", "ES256"))
    assert str(caught.value) == why


def test_a_set_is_read_up_to_its_limit():
    """256 keys are taken."""
    jwk = keyring().public_jwk("ec")
    assert len(read_jwks({"keys": [jwk] * 256}, ALL).keys) == 256


def test_a_token_without_kid_is_served_only_where_one_key_fits():
    ring = keyring()
    assert read_jwks(ring.jwks("main", "next"), ALL).find(None, "RS256") is None
    assert read_jwks(ring.jwks("main", "ec"), ALL).find(None, "RS256") is not None


def test_two_keys_of_one_kid_and_algorithm_are_ambiguous():
    jwk = keyring().public_jwk("next")
    keys = KeySet([read_jwk({**jwk, "kid": "main"}, ALL), read_jwk(keyring().public_jwk("main"), ALL)])
    assert keys.find("main", "RS256") is None


def test_a_set_is_whole_while_every_key_of_the_other_is_in_it():
    """Under its kid, and the same key."""
    ring = keyring()
    two = read_jwks(ring.jwks("main", "ec"), ALL)
    swapped = read_jwks({"keys": [{**ring.public_jwk("next"), "kid": "main"}, ring.public_jwk("ec")]}, ALL)
    assert two.holds_all_of(two)
    assert two.holds_all_of(read_jwks(ring.jwks("ec"), ALL))
    assert not read_jwks(ring.jwks("ec"), ALL).holds_all_of(two)
    assert not swapped.holds_all_of(two)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("main", {"n": keyring().public_jwk("next")["n"]}),
        ("main", {"e": "Aw"}),
        ("ed", {"x": base64url(b"x" * 32)}),
        ("ec", {"y": base64url(MIRRORED_Y.to_bytes(32, "big"))}),
    ],
)
def test_keys_that_differ_in_one_number_are_told_apart(name, change):
    """What was verified with one of them is not believed for the other."""
    entry = keyring().public_jwk(name)
    plain, other = (KeySet([read_jwk(one, ALL)]) for one in (entry, {**entry, **change}))
    assert not plain.holds_all_of(other)
    assert plain.holds_all_of(KeySet([read_jwk({**entry, "more": 1}, ALL)]))


@pytest.mark.parametrize(
    ("name", "serves"),
    [
        ("main", {"RS256", "PS256"}),
        ("ec", {"ES256"}),
        ("ec384", {"ES384"}),
        ("ed", {"EdDSA", "Ed25519"}),
    ],
)
def test_a_pem_serves_any_kid(name, serves):
    """For the algorithms of its kind."""
    key = read_pem(keyring().public_pem(name), ALL)
    assert (key.kid, key.algorithms) == (None, serves)
    assert (
        key.public.public_numbers() == keyring().private[name].public_key().public_numbers() if name != "ed" else True
    )
    keys = KeySet([key])
    assert all((keys.find("whatever", alg) is not None) == (alg in serves) for alg in ALL)


@pytest.mark.parametrize(
    ("pem", "allowed", "why"),
    [
        (b"-----BEGIN NOTHING-----", ALL, "is no public key in PEM"),
        (keyring().public_pem("main"), ("ES256",), "the key fits none of the allowed algorithms"),
        (keyring().public_pem("ec"), ("ES384", "RS256"), "the key fits none of the allowed algorithms"),
    ],
)
def test_a_pem_that_is_no_use_says_why(pem, allowed, why):
    """A key of the wrong kind is found when the policy is loaded, not with the first token."""
    with pytest.raises(BadKeyError) as caught:
        read_pem(pem, allowed)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("secret", "allowed", "why"),
    [
        (HMAC_SECRET, ("HS256", "HS512"), "is shorter than 64 bytes (RFC 7518 §3.2)"),
        (HMAC_SECRET[:-1], ("HS256", "RS256"), "is shorter than 32 bytes (RFC 7518 §3.2)"),
        (HMAC_SECRET, ("HS384",), "is shorter than 48 bytes (RFC 7518 §3.2)"),
        (
            keyring().public_pem("main"),
            ("HS256",),
            "is a PEM file: a public key must never serve as a secret",
        ),
        (HMAC_SECRET, ("RS256",), "the secret fits none of the allowed algorithms"),
        (b"", ("RS256",), "the secret fits none of the allowed algorithms"),
    ],
)
def test_a_secret_that_is_no_use_says_why(secret, allowed, why):
    """A secret is as long as the longest hash that it serves."""
    with pytest.raises(BadKeyError) as caught:
        read_secret(secret, allowed)
    assert str(caught.value) == why


def test_a_secret_as_long_as_its_hash_serves():
    """For the HS algorithms alone, and under any kid."""
    key = read_secret(HMAC_SECRET, ("HS256", "RS256"))
    assert (key.kid, key.algorithms, key.public) == (None, {"HS256"}, HMAC_SECRET)


@pytest.mark.parametrize(
    ("private", "kind"),
    [
        (keyring().private["main"], ("RSA", "")),
        (keyring().private["ec"], ("EC", "P-256")),
        (keyring().private["ec384"], ("EC", "P-384")),
        (ec.generate_private_key(ec.SECP521R1()), ("EC", "P-521")),
        (ec.generate_private_key(ec.SECP256K1()), ("EC", "")),
        (keyring().private["ed"], ("OKP", "Ed25519")),
        (ed448.Ed448PrivateKey.generate(), ("", "")),
    ],
    ids=["rsa", "p256", "p384", "p521", "k256", "ed25519", "ed448"],
)
def test_the_kind_of_a_key_is_told_as_jws_calls_it(private, kind):
    """And not at all where JWS has no use for it."""
    assert kind_of(private.public_key()) == kind
