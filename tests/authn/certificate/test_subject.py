"""Whom a certificate names."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateline.authn.certificate.subject import Subject, subject_of
from tests.cases_support.certificates import case_authority, client

SPIFFE = "spiffe://example.com/a"


def test_every_name_of_a_certificate_is_told():
    """By its kind, as RFC 4514 writes the whole ones."""
    names = [SPIFFE, "https://a.example", "a.example", "b.example", "a@example.com", "192.0.2.1"]
    certificate = client(case_authority(), "a, b", names).certificate
    assert subject_of(certificate) == Subject(
        uris=(SPIFFE, "https://a.example"),
        dns=("a.example", "b.example"),
        emails=("a@example.com",),
        common_name="a, b",
        name=r"CN=a\, b",
        issuer="CN=Case CA",
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
    )


@pytest.mark.parametrize(("common_names", "told"), [((), ""), (("a",), "a"), (("a", "b"), "")])
def test_a_common_name_counts_where_there_is_one(common_names, told):
    """Of two, nobody could say which is meant."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one) for one in common_names])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    now = datetime.now(UTC)
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    subject = subject_of(builder.sign(key, hashes.SHA256()))
    assert (subject.common_name, subject.sans) == (told, ())


@pytest.mark.parametrize(
    ("uris", "spiffe_id"),
    [((), None), ((SPIFFE,), SPIFFE), ((SPIFFE, "https://a"), None), (("https://a",), None)],
)
def test_a_spiffe_id_stands_alone(uris, spiffe_id):
    """SPIFFE X.509-SVID §2."""
    assert Subject(uris=uris).spiffe_id == spiffe_id


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        (Subject(("u", "v"), ("d",), ("e",), "c", "n", "i", "f"), "u"),
        (Subject((), ("d", "x"), ("e",), "c", "n", "i", "f"), "d"),
        (Subject((), (), ("e",), "c", "n", "i", "f"), "e"),
        (Subject((), (), (), "c", "n", "i", "f"), "c"),
        (Subject((), (), (), "", "n", "i", "f"), "n"),
        (Subject((), (), (), "", "", "i", "f"), "f"),
        (Subject(("",), ("d",), (), "", "", "i", "f"), "d"),
    ],
)
def test_the_most_telling_name_is_the_best(subject, name):
    """Down to the fingerprint, which every certificate has."""
    assert subject.best_name == name
