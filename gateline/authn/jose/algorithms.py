"""The signature algorithms of JWS (RFC 7518 §3.1, RFC 8037) and the kind of key that each is for."""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple

from jwt.algorithms import Algorithm, ECAlgorithm, HMACAlgorithm, OKPAlgorithm, RSAAlgorithm, RSAPSSAlgorithm

AlgorithmName = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
    "EdDSA", "Ed25519", "HS256", "HS384", "HS512",
]  # fmt: skip


class Signing(NamedTuple):
    """An algorithm, with the `kty` and `crv` of the keys that may be used with it."""

    verifier: Algorithm
    kty: str
    crv: str = ""


ALGORITHMS: Final[dict[str, Signing]] = {
    "RS256": Signing(RSAAlgorithm(RSAAlgorithm.SHA256), "RSA"),
    "RS384": Signing(RSAAlgorithm(RSAAlgorithm.SHA384), "RSA"),
    "RS512": Signing(RSAAlgorithm(RSAAlgorithm.SHA512), "RSA"),
    "PS256": Signing(RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256), "RSA"),
    "PS384": Signing(RSAPSSAlgorithm(RSAPSSAlgorithm.SHA384), "RSA"),
    "PS512": Signing(RSAPSSAlgorithm(RSAPSSAlgorithm.SHA512), "RSA"),
    "ES256": Signing(ECAlgorithm(ECAlgorithm.SHA256), "EC", "P-256"),
    "ES384": Signing(ECAlgorithm(ECAlgorithm.SHA384), "EC", "P-384"),
    "ES512": Signing(ECAlgorithm(ECAlgorithm.SHA512), "EC", "P-521"),
    "EdDSA": Signing(OKPAlgorithm(), "OKP", "Ed25519"),
    "Ed25519": Signing(OKPAlgorithm(), "OKP", "Ed25519"),
    "HS256": Signing(HMACAlgorithm(HMACAlgorithm.SHA256), "oct"),
    "HS384": Signing(HMACAlgorithm(HMACAlgorithm.SHA384), "oct"),
    "HS512": Signing(HMACAlgorithm(HMACAlgorithm.SHA512), "oct"),
}


def fits(alg: str, kty: str, crv: str) -> bool:
    """Whether a key of this kind may be used with an algorithm (RFC 8725 §3.1: a key is for one algorithm only)."""
    signing = ALGORITHMS[alg]
    return signing.kty == kty and signing.crv in ("", crv)


def verifies(alg: str, key: Any, signed: bytes, signature: bytes) -> bool:
    """Whether the signature is the key's. `alg` must stand in the policy: it is never taken from a token alone."""
    return bool(ALGORITHMS[alg].verifier.verify(signed, key, signature))
