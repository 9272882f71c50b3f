"""Whom a certificate names (RFC 5280 §4.2.1.6), as a handful of texts."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Subject:
    """What rules may ask about. `fingerprint` is SHA-256 in hex; names are as RFC 4514 writes them."""

    uris: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    common_name: str = ""
    name: str = ""
    issuer: str = ""
    fingerprint: str = ""

    @property
    def sans(self) -> tuple[str, ...]:
        """Every alternative name."""
        return (*self.uris, *self.dns, *self.emails)

    @property
    def spiffe_id(self) -> str | None:
        """The SPIFFE id; a certificate with two URIs has none (SPIFFE X.509-SVID §2)."""
        one = self.uris[0] if len(self.uris) == 1 else ""
        return one if one.startswith("spiffe://") else None

    @property
    def best_name(self) -> str:
        """What the user is called where the policy does not say by what: the most telling name that is there."""
        for name in (*self.uris, *self.dns, *self.emails, self.common_name, self.name):
            if name:
                return name
        return self.fingerprint


def subject_of(certificate: x509.Certificate) -> Subject:
    """The subject; ValueError where a name can't be read."""
    uris: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = tuple(names.get_values_for_type(x509.UniformResourceIdentifier))
        dns = tuple(names.get_values_for_type(x509.DNSName))
        emails = tuple(names.get_values_for_type(x509.RFC822Name))
    except x509.ExtensionNotFound:
        pass
    common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Subject(
        uris=uris,
        dns=dns,
        emails=emails,
        common_name=str(common[0].value) if len(common) == 1 else "",
        name=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
    )
