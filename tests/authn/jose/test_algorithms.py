"""Signatures: what each algorithm verifies, and which keys it is for."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm, HMACAlgorithm, OKPAlgorithm, RSAAlgorithm, RSAPSSAlgorithm

from gateline.authn.jose.algorithms import ALGORITHMS, fits, verifies
from tests.cases_support.keyring import HMAC_SECRET, keyring

P521 = ec.generate_private_key(ec.SECP521R1())
RING = keyring().private
MESSAGE = b"header.claims"
SIGNERS = {
    "RS256": (RSAAlgorithm(RSAAlgorithm.SHA256), RING["main"]),
    "RS384": (RSAAlgorithm(RSAAlgorithm.SHA384), RING["main"]),
    "RS512": (RSAAlgorithm(RSAAlgorithm.SHA512), RING["main"]),
    "PS256": (RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256), RING["main"]),
    "PS384": (RSAPSSAlgorithm(RSAPSSAlgorithm.SHA384), RING["main"]),
    "PS512": (RSAPSSAlgorithm(RSAPSSAlgorithm.SHA512), RING["main"]),
    "ES256": (ECAlgorithm(ECAlgorithm.SHA256), RING["ec"]),
    "ES384": (ECAlgorithm(ECAlgorithm.SHA384), RING["ec384"]),
    "ES512": (ECAlgorithm(ECAlgorithm.SHA512), P521),
    "EdDSA": (OKPAlgorithm(), RING["ed"]),
    "Ed25519": (OKPAlgorithm(), RING["ed"]),
    "HS256": (HMACAlgorithm(HMACAlgorithm.SHA256), HMAC_SECRET),
    "HS384": (HMACAlgorithm(HMACAlgorithm.SHA384), HMAC_SECRET),
    "HS512": (HMACAlgorithm(HMACAlgorithm.SHA512), HMAC_SECRET),
}
KINDS = [("RSA", ""), ("RSA", "P-256"), ("EC", "P-256"), ("EC", "P-384"), ("EC", "P-521"), ("OKP", "Ed25519")]
OTHERS = [("oct", ""), ("EC", ""), ("OKP", "Ed448"), ("", "")]
FIT = {"RS": [("RSA", ""), ("RSA", "P-256")], "PS": [("RSA", ""), ("RSA", "P-256")], "HS": [("oct", "")]}
CURVE = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


@pytest.mark.parametrize("alg", SIGNERS)
def test_a_signature_verifies_as_it_was_made_and_no_other(alg):
    """No bytes that a stranger sends in its place raise."""
    signer, private = SIGNERS[alg]
    public = private if alg.startswith("HS") else private.public_key()
    signature = signer.sign(MESSAGE, private)
    assert verifies(alg, public, MESSAGE, signature) is True
    flipped = bytes([signature[0] ^ 1]) + signature[1:]
    for other in (flipped, b"", b"\0", signature[:-1], signature + b"\0", signature * 2, b"\xff" * len(signature)):
        assert verifies(alg, public, MESSAGE, other) is False
    assert verifies(alg, public, MESSAGE + b".", signature) is False


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_an_algorithm_is_for_keys_of_one_kind(alg):
    """RFC 8725 §3.1; a curve means nothing where the algorithm has none."""
    allowed = FIT.get(alg[:2]) or [("EC", CURVE[alg]) if alg in CURVE else ("OKP", "Ed25519")]
    assert [kind for kind in KINDS + OTHERS if fits(alg, *kind)] == allowed
