"""A real authority for the tests: certificates of clients, good and bad, made when a row asks for them."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PEM = serialization.Encoding.PEM
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Any = field(repr=False)

    @property
    def pem(self) -> str:
        """The certificate."""
        return self.certificate.public_bytes(PEM).decode()

    @property
    def key_pem(self) -> str:
        """Its private key."""
        plain = serialization.NoEncryption()
        text: bytes = self.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, plain)
        return text.decode()


def named(common_name: str) -> x509.Name:
    """A name with a common name alone."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def authority(name: str = "Case CA", above: Issued | None = None, usage: bool = True) -> Issued:
    """An authority, below another one or its own root."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = above.certificate.subject if above else named(name)
    builder = _builder(named(name), issuer, key.public_key(), -DAY, 3650 * DAY)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    if usage:
        allowed = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "encipher_only", "decipher_only"), False,
        )  # fmt: skip
        builder = builder.add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **allowed), critical=True)
    signer = above.key if above else key
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
    )
    return Issued(builder.sign(signer, hashes.SHA256()), key)


def client(
    above: Issued | None,
    common_name: str = "client",
    sans: Sequence[str] = (),
    begins: timedelta = -DAY,
    ends: timedelta = DAY,
    server_only: bool = False,
) -> Issued:
    """A client's certificate; without an authority it signs itself. `sans` are URIs, e-mail and
    IP addresses, or DNS names."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = above.certificate.subject if above else named(common_name)
    signer = above.key if above else key
    builder = _builder(named(common_name), issuer, key.public_key(), begins, ends)
    if sans:
        builder = builder.add_extension(x509.SubjectAlternativeName([_san(name) for name in sans]), critical=False)
    usage = ExtendedKeyUsageOID.SERVER_AUTH if server_only else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
    )
    return Issued(builder.sign(signer, hashes.SHA256()), key)


@cache
def case_authority() -> Issued:
    """The authority of this process's cases."""
    return authority()


ORDERS = ("spiffe://example.com/orders", "orders.example.com")
# What a row's `certificate:` may name. `foreign` is signed by an authority of the same name as the right one.
CLIENTS: Mapping[str, Callable[[], Issued]] = {
    "orders": lambda: client(case_authority(), "orders", ORDERS),
    "billing": lambda: client(case_authority(), "billing", ["spiffe://example.com/billing", "billing.example.com"]),
    "expired": lambda: client(case_authority(), "orders", ORDERS, ends=-timedelta(hours=1)),
    "early": lambda: client(case_authority(), "orders", ORDERS, begins=timedelta(hours=1)),
    "self_signed": lambda: client(None, "orders", ORDERS),
    "foreign": lambda: client(authority(), "orders", ORDERS),
    "server": lambda: client(case_authority(), "orders", ORDERS, server_only=True),
}


@cache
def case_client(name: str) -> Issued:
    """The certificate of a row's client."""
    return CLIENTS[name]()


def _builder(
    subject: x509.Name, issuer: x509.Name, public: Any, begins: timedelta, ends: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now + begins).not_valid_after(now + ends)


def _san(name: str) -> x509.GeneralName:
    if name[0].isdigit():
        return x509.IPAddress(ipaddress.ip_address(name))
    if "://" in name:
        return x509.UniformResourceIdentifier(name)
    return x509.RFC822Name(name) if "@" in name else x509.DNSName(name)
