"""Chains of certificates: verified to the second, within bounds, and why others are no good."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from gateline.authn.certificate.chain import Authorities, ChainError
from tests.cases_support.certificates import DAY, Issued, authority, case_authority, client
from tests.cases_support.keyring import keyring

HOUR = timedelta(hours=1)


def begins(issued):
    return issued.certificate.not_valid_before_utc.timestamp()


def ends(issued):
    return issued.certificate.not_valid_after_utc.timestamp()


def refused(pem, now, root=None):
    with pytest.raises(ChainError) as caught:
        Authorities((root or case_authority()).pem.encode()).verify(pem, now)
    return str(caught.value)


@pytest.fixture
def ours():
    return Authorities(case_authority().pem.encode())


def test_a_chain_names_its_leaf(ours):
    """And is good as long as the leaf is."""
    leaf = client(case_authority(), "leaf", ["a.example"], begins=-HOUR)
    verified = ours.verify(leaf.pem, ends(leaf) - 1)
    assert (verified.subject.common_name, verified.subject.dns) == ("leaf", ("a.example",))
    assert (verified.from_unix_s, verified.until_unix_s) == (begins(leaf), ends(leaf))


def test_a_leaf_is_good_no_longer_than_those_above_it(ours):
    """A chain begins with the last of them to begin, and ends with the first to end."""
    leaf = client(case_authority(), "leaf", begins=-2 * DAY, ends=4000 * DAY)
    root = case_authority()
    verified = ours.verify(leaf.pem, begins(root))
    assert (verified.from_unix_s, verified.until_unix_s) == (begins(root), ends(root))
    assert refused(leaf.pem, begins(root) - 1).startswith("is not of an accepted authority (")


def test_a_leaf_is_good_from_its_first_second_up_to_its_last(ours):
    """At the moment that it is good until, it has expired."""
    leaf = client(case_authority(), "leaf", begins=-HOUR, ends=HOUR)
    assert ours.verify(leaf.pem, begins(leaf)).subject.common_name == "leaf"
    assert ours.verify(leaf.pem, ends(leaf) - 0.1).subject.common_name == "leaf"
    assert refused(leaf.pem, begins(leaf) - 0.1) == "is not valid yet"
    assert refused(leaf.pem, ends(leaf)) == "has expired"


def test_a_chain_is_read_up_to_its_limits(ours):
    """65536 characters, and seven certificates below the leaf."""
    leaf = client(case_authority(), "leaf")
    now = begins(leaf)
    padded = leaf.pem + "\n" * (65_536 - len(leaf.pem))
    assert ours.verify(padded, now).subject.common_name == "leaf"
    assert refused(padded + "\n", now) == "is too long"
    assert ours.verify(leaf.pem * 8, now).subject.common_name == "leaf"
    assert refused(leaf.pem * 9, now) == "has too many certificates"


@pytest.mark.parametrize("pem", ["", "x", "é", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_says_so(pem):
    """Whatever the library thinks of it."""
    assert refused(pem, 0.0) == "is no certificate in PEM"


def test_a_chain_of_nobody_we_know_says_what_the_library_says():
    """But not which certificate it was looking at, which may be long and is the client's to choose."""
    now = begins(case_authority()) + 10
    server = client(case_authority(), "x" * 60, begins=-2 * DAY, server_only=True)
    why = refused(server.pem, now)
    assert why.startswith("is not of an accepted authority (validation failed: ")
    assert "x" * 60 not in why
    assert "encountered" not in why
    stranger = refused(client(authority("Other"), begins=-2 * DAY).pem, now)
    assert stranger.startswith("is not of an accepted authority (validation failed: candidates exhausted")
    assert len(stranger) <= 160


def without_signing(name):
    """An authority of ours whose key is not for signing certificates."""
    made = authority(name)
    certificate = made.certificate
    builder = x509.CertificateBuilder().subject_name(certificate.subject).issuer_name(certificate.issuer)
    builder = builder.public_key(certificate.public_key()).serial_number(7)
    builder = builder.not_valid_before(certificate.not_valid_before_utc)
    builder = builder.not_valid_after(certificate.not_valid_after_utc)
    for extension in certificate.extensions:
        value = extension.value
        if isinstance(value, x509.KeyUsage):
            value = x509.KeyUsage(True, False, False, False, False, False, True, False, False)
        builder = builder.add_extension(value, critical=extension.critical)
    return Issued(builder.sign(made.key, hashes.SHA256()), made.key)


@pytest.mark.parametrize(
    ("make", "signs"),
    [(authority, True), (lambda name: authority(name, usage=False), True), (without_signing, False)],
    ids=["for signing", "says nothing", "for something else"],
)
def test_an_authority_signs_unless_its_key_is_for_something_else(make, signs):
    """`openssl req -x509` says nothing of a key's use; where it is said, it counts."""
    root = make("Root")
    leaf = client(root, "leaf")
    if signs:
        assert Authorities(root.pem.encode()).verify(leaf.pem, begins(leaf) + 100).subject.common_name == "leaf"
    else:
        why = refused(leaf.pem, begins(leaf) + 100, root)
        assert why.endswith(": an authority's key is not for signing certificates)")


@pytest.mark.parametrize("pem", [b"", b"x", keyring().public_pem("main")], ids=["empty", "no pem", "a key"])
def test_authorities_are_at_least_one_certificate(pem):
    """ValueError is what the method turns into a fault of its file."""
    with pytest.raises(ValueError):  # noqa: PT011  # the library's words
        Authorities(pem)
