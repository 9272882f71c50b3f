"""Verifies a client's chain against the policy's own authorities (RFC 5280 §6), whatever the proxy did."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
)

from gateline.authn.certificate.subject import Subject, subject_of

MAX_PEM_CHARACTERS = 64 * 1024
MAX_CERTIFICATES = 8


class Verified(NamedTuple):
    """Whom a good chain names, and from when to when it is good (Unix seconds)."""

    subject: Subject
    from_unix_s: float
    until_unix_s: float


class ChainError(ValueError):
    """A chain that is no good; the message says why."""


class Authorities:
    """The authorities whose clients are believed."""

    def __init__(self, pem: bytes) -> None:
        """ValueError where the text holds no certificate."""
        self._store = Store(x509.load_pem_x509_certificates(pem))

    def verify(self, pem: str, now_unix_s: float) -> Verified:
        """The chain, leaf first, else `ChainError`."""
        leaf, between = _read(pem)
        moment = datetime.fromtimestamp(now_unix_s, UTC)
        if moment < leaf.not_valid_before_utc:
            raise ChainError("is not valid yet")
        if moment >= leaf.not_valid_after_utc:
            raise ChainError("has expired")
        builder = PolicyBuilder().store(self._store).time(moment)
        builder = builder.extension_policies(ca_policy=_ca_policy(), ee_policy=_client_policy())
        try:
            chain = builder.build_client_verifier().verify(leaf, between).chain
            subject = subject_of(leaf)
        except Exception as error:  # the library has errors of a dozen kinds for what a stranger's bytes can do to it
            raise ChainError(f"is not of an accepted authority ({_short(error)})") from error
        begins = max(one.not_valid_before_utc.timestamp() for one in chain)
        return Verified(subject, begins, min(one.not_valid_after_utc.timestamp() for one in chain))


def _read(pem: str) -> tuple[x509.Certificate, list[x509.Certificate]]:
    if len(pem) > MAX_PEM_CHARACTERS:
        raise ChainError("is too long")
    try:
        leaf, *between = x509.load_pem_x509_certificates(pem.encode("ascii"))
    except Exception as error:  # as above
        raise ChainError("is no certificate in PEM") from error
    if len(between) >= MAX_CERTIFICATES:
        raise ChainError("has too many certificates")
    return leaf, between


def _client_policy() -> ExtensionPolicy:
    """The web's rules, but for the alternative name: many private authorities name clients by the common name."""
    return ExtensionPolicy.webpki_defaults_ee().may_be_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)


def _ca_policy() -> ExtensionPolicy:
    """The web's rules, but for the key usage, which `openssl req -x509` leaves out: where it is there, it counts."""
    return ExtensionPolicy.webpki_defaults_ca().may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_sign)


def _may_sign(_: Policy, __: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("an authority's key is not for signing certificates")


def _short(error: Exception) -> str:
    return str(error).partition("(encountered")[0].strip()[:160] or type(error).__name__
