"""Client certificates: chains, what a policy accepts, and what a proxy in front of ours may say."""

import base64
from datetime import timedelta
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from hypothesis import given
from hypothesis import strategies as st

from gateline.authn.certificate.chain import Authorities
from gateline.authn.certificate.xfcc import read_xfcc
from gateline.values.decision import Allow
from gateline.values.errors import ConfigError
from gateline.values.identity import Identity
from gateline.values.request import Certificate
from tests.authn.gateways import gateway, said
from tests.cases_support.certificates import Issued, authority, case_authority, client

CA = {"name": "services", "method": "mtls", "ca_file": ".gateline/clients-ca.pem"}
HOUR = timedelta(hours=1)
PROXY = "192.0.2.1"


def shown(made, pem, **rest):
    return made.decide(certificate=Certificate(pem=pem), **rest)


@pytest.fixture
def services(policy):
    return policy(gateway(CA))


def test_a_client_of_the_authority_passes_by_the_name_that_tells_most(services):
    ca = case_authority()
    assert said(shown(services, client(ca, "cn", ["spiffe://example.com/a", "a.example.com"]).pem)) == (
        200,
        "spiffe://example.com/a",
    )
    assert said(shown(services, client(ca, "cn", ["a.example.com"]).pem)) == (200, "a.example.com")
    assert said(shown(services, client(ca, "cn", ["a@example.com"]).pem)) == (200, "a@example.com")
    assert said(shown(services, client(ca, "cn").pem)) == (200, "cn")


def test_no_certificate_is_no_credential(services):
    for refused in (services.decide(), shown(services, "")):
        assert (said(refused), refused.headers) == ((401, "no_credentials"), ())


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda ca: client(None, "self-signed"), "not of an accepted authority"),
        (lambda ca: client(authority("Case CA")), "not of an accepted authority"),
        (lambda ca: client(ca, ends=-HOUR), "has expired"),
        (lambda ca: client(ca, begins=HOUR), "is not valid yet"),
        (lambda ca: client(ca, server_only=True), "not of an accepted authority"),
        (lambda ca: ca, "not of an accepted authority"),
        (lambda ca: client(client(ca)), "not of an accepted authority"),
    ],
)
def test_a_bad_chain_is_refused_with_its_reason(services, make, why):
    assert said(shown(services, make(case_authority()).pem)) == (401, "invalid_token")
    assert why in services.notes[-1].why


def test_a_leaf_can_not_sign_another(services):
    leaf = client(case_authority(), "leaf")
    forged = client(Issued(leaf.certificate, leaf.key), "forged")
    assert said(shown(services, forged.pem + leaf.pem)) == (401, "invalid_token")


def test_an_authority_below_ours_comes_with_the_chain(services):
    below = authority("Below", above=case_authority())
    leaf = client(below, "leaf")
    assert said(shown(services, leaf.pem)) == (401, "invalid_token")
    assert said(shown(services, leaf.pem + below.pem)) == (200, "leaf")


def test_a_chain_that_was_verified_stops_when_it_expires(services):
    pem = client(case_authority(), "short", ends=HOUR).pem
    assert said(shown(services, pem)) == (200, "short")
    services.now_unix_s += 3601
    assert said(shown(services, pem)) == (401, "invalid_token")
    services.now_unix_s -= 3 * 86_400
    assert said(shown(services, pem)) == (401, "invalid_token")


def test_a_chain_is_verified_once_while_it_is_good(services, monkeypatch):
    """From its first second to the one before its end, and never beyond."""
    verified, verify = [], Authorities.verify
    monkeypatch.setattr(Authorities, "verify", lambda *args: verified.append(args) or verify(*args))
    short = client(case_authority(), "short", begins=HOUR / 2, ends=HOUR)
    begins = short.certificate.not_valid_before_utc.timestamp()
    ends = short.certificate.not_valid_after_utc.timestamp()
    for now, status, times in ((ends - 1, 200, 1), (begins, 200, 1), (ends, 401, 2)):
        services.now_unix_s = now
        assert said(shown(services, short.pem))[0] == status
        assert len(verified) == times


@pytest.mark.parametrize(
    "pem", ["x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "é", "x" * 70_000]
)
def test_what_is_no_certificate_is_refused(services, pem):
    assert said(shown(services, pem)) == (401, "invalid_token")


def test_a_certificate_of_a_version_that_does_not_exist_is_refused(services):
    der = client(case_authority()).certificate.public_bytes(serialization.Encoding.DER)
    at = der.index(bytes.fromhex("a003020102"))
    odd = base64.encodebytes(der[: at + 4] + b"\x12" + der[at + 5 :]).decode()
    pem = f"-----BEGIN CERTIFICATE-----\n{odd}-----END CERTIFICATE-----\n"
    assert said(shown(services, pem)) == (401, "invalid_token")


def test_more_certificates_than_any_chain_has_are_refused(services):
    pem = client(case_authority()).pem
    assert said(shown(services, pem * 10)) == (401, "invalid_token")


@pytest.mark.parametrize(
    ("allow", "sans", "accepted"),
    [
        ({"sans": ["a.example.com"]}, ["A.example.com"], True),
        ({"sans": ["a.example.com"]}, ["b.example.com"], False),
        ({"sans": ["*.example.com"]}, ["b.example.com"], True),
        ({"sans": ["*.example.com"]}, ["example.com"], False),
        ({"sans": ["*.example.com"]}, ["a.b.example.com"], False),
        ({"sans": ["a@example.com"]}, ["a@example.com"], True),
        ({"sans": ["a.example.com"]}, [], False),
        ({"spiffe_ids": ["spiffe://example.com/ns/*"]}, ["spiffe://example.com/ns/a"], True),
        ({"spiffe_ids": ["spiffe://example.com/ns/*"]}, ["spiffe://example.com/nsx/a"], False),
        ({"spiffe_ids": ["spiffe://example.com/a"]}, ["spiffe://example.com/a/b"], False),
        ({"spiffe_ids": ["spiffe://example.com/a"]}, ["spiffe://example.com/a", "spiffe://example.com/b"], False),
        ({"spiffe_ids": ["spiffe://example.com/a"]}, ["a.example.com"], False),
        ({"issuers": ["CN=Case CA"]}, [], True),
        ({"issuers": ["CN=Other CA"]}, [], False),
        ({"issuers": ["CN=Case CA"], "sans": ["a.example.com"]}, ["b.example.com"], False),
    ],
)
def test_a_policy_accepts_by_name_and_issuer(policy, allow, sans, accepted):
    made = policy(gateway({**CA, "allow": allow}))
    decision = shown(made, client(case_authority(), "c", sans).pem)
    if accepted:
        assert said(decision)[0] == 200
    else:
        assert said(decision) == (403, "forbidden")
        assert decision.problem.why.startswith(f"services: the certificate of {([*sans, 'c'])[0]!r} ")


def test_a_policy_accepts_by_fingerprint(policy):
    one, other = client(case_authority(), "one"), client(case_authority(), "other")
    decision = shown(policy(gateway(CA)), one.pem)
    assert isinstance(decision, Allow)
    digits = one.certificate.fingerprint(hashes.SHA256()).hex().upper()
    colons = ":".join(digits[at : at + 2] for at in range(0, 64, 2))
    for written in (digits, colons):
        made = policy(gateway({**CA, "allow": {"fingerprints": [written]}}))
        assert said(shown(made, one.pem)) == (200, "one")
        assert said(shown(made, other.pem)) == (403, "forbidden")


NAMES = ["spiffe://example.com/a", "a.example.com", "a@example.com"]


@pytest.mark.parametrize(
    ("by", "user"),
    [
        ("best", "spiffe://example.com/a"),
        ("uri", "spiffe://example.com/a"),
        ("dns", "a.example.com"),
        ("email", "a@example.com"),
        ("common_name", "cn"),
        ("subject", "CN=cn"),
    ],
)
def test_a_policy_says_by_what_the_user_is_called(policy, by, user):
    made = policy(gateway({**CA, "user_id": by}))
    assert said(shown(made, client(case_authority(), "cn", NAMES).pem)) == (200, user)


@pytest.mark.parametrize(
    ("by", "name"), [("uri", "cn"), ("dns", "cn"), ("email", "cn"), ("common_name", "a\nb"), ("best", "a\x7fb")]
)
def test_who_lacks_that_name_or_has_one_that_fits_in_no_header_is_nobody(policy, by, name):
    """An identity that could not be told to the upstream is none."""
    refused = shown(policy(gateway({**CA, "user_id": by})), client(case_authority(), name).pem)
    assert said(refused) == (401, "invalid_token")
    assert refused.problem.why == f"services: the certificate has no {by} to call its user by"


def test_an_identity_has_what_the_policy_gives_and_the_certificate_tells(policy):
    """What rules and the log go by."""
    given = {"tenant": "acme", "scopes": ["read"], "roles": ["service"], "user_id": "fingerprint"}
    issued = client(case_authority(), "cn", NAMES)
    fingerprint = issued.certificate.fingerprint(hashes.SHA256()).hex()
    assert shown(policy(gateway({**CA, **given})), issued.pem).identity == Identity(
        fingerprint,
        "mtls",
        tenant="acme",
        scopes=frozenset({"read"}),
        roles=frozenset({"service"}),
        credential_id=fingerprint[:32],
        claims={"sans": NAMES, "issuer": "CN=Case CA", "subject": "CN=cn"},
    )


FORWARDED = {"name": "edge", "method": "mtls", "xfcc_from": ["192.0.2.0/24"]}
XFCC = "x-forwarded-client-cert"


def test_a_trusted_proxy_is_believed_and_nobody_else(policy):
    made = policy(gateway(FORWARDED))
    headers = {XFCC: "By=spiffe://e/p;Hash=ab;URI=spiffe://example.com/a"}
    assert said(made.decide(headers=headers, peer=PROXY)) == (200, "spiffe://example.com/a")
    assert said(made.decide(headers=headers, peer="192.0.3.1")) == (401, "no_credentials")
    assert made.notes[-1].why.startswith("x-forwarded-client-cert of 192.0.3.1 is not believed; edge: no credential")
    assert said(made.decide(headers=headers, peer="::ffff:192.0.2.1")) == (200, "spiffe://example.com/a")
    assert said(made.decide(headers=headers, peer="@unix")) == (401, "no_credentials")


def test_the_word_of_the_nearest_hop_counts(policy):
    made = policy(gateway(FORWARDED))
    forged = 'Hash=cd;URI=spiffe://example.com/admin,Hash=ab;URI="spiffe://example.com/a"'
    assert said(made.decide(headers={XFCC: forged}, peer=PROXY)) == (200, "spiffe://example.com/a")
    lines = [(XFCC, "URI=spiffe://example.com/admin"), (XFCC, "URI=spiffe://example.com/a")]
    assert said(made.decide(headers=lines, peer=PROXY)) == (200, "spiffe://example.com/a")


def test_a_chain_that_a_proxy_passes_on_is_verified_here(policy):
    made = policy(gateway({**CA, **FORWARDED}))
    good, bad = client(case_authority(), "good"), client(None, "bad")
    for one, expected in ((good, (200, "good")), (bad, (401, "invalid_token"))):
        headers = {XFCC: f'Hash=ab;Cert="{quote(one.pem)}";Subject="CN=x"'}
        assert said(made.decide(headers=headers, peer=PROXY)) == expected
    bare = made.decide(headers={XFCC: "Hash=ab;URI=spiffe://a"}, peer=PROXY)
    assert said(bare) == (401, "invalid_token")
    assert bare.problem.why == "x-forwarded-client-cert holds no certificate to verify"


def test_the_proxys_own_certificate_is_no_clients(policy):
    made = policy(gateway({**CA, **FORWARDED}))
    own = client(case_authority(), "the-proxy").pem
    assert said(shown(made, own, peer=PROXY)) == (401, "no_credentials")
    assert said(shown(made, own, peer="198.51.100.1")) == (200, "the-proxy")


@pytest.mark.parametrize(
    "text", ["", ";", ",", "URI", 'URI="open', "URI=a,,URI=b", "URI=a b;=c", "a=b;\0=c", "x" * 70_000]
)
def test_what_is_no_xfcc_is_refused(policy, text):
    assert read_xfcc(text) is None
    made = policy(gateway(FORWARDED))
    refused = made.decide(headers={XFCC: text}, peer=PROXY)
    assert said(refused) == (400, "malformed_request")
    assert refused.problem.why == "edge: x-forwarded-client-cert can't be read"


def test_xfcc_is_read_with_its_quotes():
    (first, second) = read_xfcc(r'By=b;Hash=AB;Subject="O=a\"b,CN=c;d";URI=u1;URI=u2;DNS=d, hash=cd ;Cert="%2D"') or []
    assert first.subject.uris == ("u1", "u2")
    assert first.subject.dns == ("d",)
    assert first.subject.common_name == "c;d"
    assert first.subject.fingerprint == "ab"
    assert second.pem == "-"


@given(st.text())
def test_any_text_is_read_or_refused(text):
    assert read_xfcc(text) is None or len(read_xfcc(text)) >= 1


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"ca_file": None}, " believes nobody"),
        ({"ca_file": "missing.pem"}, ".ca_file can't read"),
        ({"ca_file": ".gateline/pepper"}, ".ca_file .gateline/pepper holds no certificates in PEM"),
        ({"allow": {"fingerprints": ["ab"]}}, ".allow.fingerprints[0] must match"),
        ({"allow": {"fingerprints": ["ab:" * 24]}}, ".allow.fingerprints must be 64 hex digits"),
        ({"allow": {"spiffe_ids": ["example.com"]}}, ".allow.spiffe_ids must begin with spiffe://"),
        ({"allow": {"sans": []}}, ".allow.sans must not be empty"),
        ({"xfcc_from": ["proxy.example.com"]}, ".xfcc_from[0] "),
    ],
)
def test_what_makes_no_sense_is_refused_at_load(policy, change, fault):
    with pytest.raises(ConfigError) as error:
        policy(gateway({**CA, **change}))
    assert str(error.value).startswith(f"inline: authentication[0]{fault}")
