"""What is fuzzed: each target takes bytes and raises only where the law is broken.

The law: whatever comes in, a decision comes out that is no `internal_error`; a parser of documents raises its own error
and no other.
"""

from __future__ import annotations

import base64
import json
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from gateline.authn.certificate.chain import Authorities, ChainError
from gateline.authn.certificate.xfcc import read_xfcc
from gateline.authn.jose.discovery import DiscoveryError, jwks_url_from
from gateline.authn.jose.keys import BadKeyError, read_jwks, read_pem
from gateline.authn.password.htpasswd import HtpasswdError, read_htpasswd
from gateline.effects import HttpReply
from gateline.testing import MemoryWorld, Policy, PolicyMaker
from gateline.values.decision import Allow
from gateline.values.headers import to_text
from gateline.values.request import Certificate
from tests.cases_support.certificates import case_authority
from tests.cases_support.keyring import HMAC_SECRET, base64url, keyring

HASH = "$2b$04$IQODN22UuWpqJifegbJIyeH13zracEJ1SWetTk6mUwF0.rBSfcxn."
ISSUER = {"issuer": "https://auth.example.com", "audience": "api.example.com"}
METHODS = [
    {"name": "main", "method": "jwt", **ISSUER, "keys": {"jwks_file": ".gateline/jwks.json"}},
    {
        "name": "shared",
        "method": "jwt",
        **ISSUER,
        "issuer": "https://shared.example.com",
        "algorithms": ["HS256"],
        "keys": {"secret": {"file": ".gateline/hmac"}},
    },
    {"name": "keys", "method": "api_key", "cookie": "api_key", "query": "key"},
    {
        "name": "people",
        "method": "basic",
        "users": [{"user": "alice", "hash": HASH}],
        "per_user": {"attempts": 1_000_000, "per_minute": 1_000_000},
        "per_address": {"attempts": 1_000_000, "per_minute": 1_000_000},
    },
    {"name": "services", "method": "mtls", "ca_file": ".gateline/clients-ca.pem", "xfcc_from": ["192.0.2.0/24"]},
    {
        "name": "opaque",
        "method": "introspection",
        "url": "https://auth.example.com/introspect",
        "client_id": "gateway",
        "client_secret": {"file": ".gateline/hmac"},
    },
]
HS256 = base64url(b'{"alg":"HS256"}')
RULES = {"when": "request.headers['authorization'] != 'x' || identity.claims.a.b == 1", "scopes": {"any": ["a"]}}


class World(MemoryWorld):
    """Answers every call with what the fuzzer says."""

    body = b""

    def __call__(self, effect):
        if type(effect).__name__ == "HttpCall":
            return HttpReply(200, (), self.body)
        return super().__call__(effect)


@cache
def folder() -> Path:
    """Where the keys are."""
    found = Path(tempfile.mkdtemp(prefix="gateline-fuzz-"))
    keyring().write(found / ".gateline")
    return found


@cache
def policy() -> Policy:
    """A policy with every method and a condition."""
    gateway = {
        "api_key_pepper": {"file": ".gateline/pepper"},
        "api_keys": {"file": ".gateline/api_keys.json"},
        "authentication": METHODS,
        "identity_headers": {"claims": {"x-a": "a"}},
        "routes": [{"id": "all", "path": "/", "authorization": RULES}],
    }
    return PolicyMaker(folder())(gateway, world=World())


def decided(headers=(), path="/", certificate=None, body=b""):
    """Decide, and see to the law."""
    made = policy()
    made.world.body = body
    made.now_unix_s = time.time()
    decision = made.decide("GET", path, headers, peer="192.0.2.1", certificate=certificate)
    if not isinstance(decision, Allow) and decision.problem.code == "internal_error":
        raise AssertionError(decision.problem.why)


def authorization(raw: bytes) -> None:
    """The whole header."""
    decided([("authorization", to_text(raw))])


def bearer(raw: bytes) -> None:
    """A bearer token, as it may come."""
    decided([("authorization", f"Bearer {to_text(raw)}")])


def token_parts(raw: bytes) -> None:
    """Three parts of base64url that hold anything."""
    parts = [*raw.split(b"\n", 2), b"", b""][:3]
    decided([("authorization", "Bearer " + ".".join(map(base64url, parts)))])


def signed_claims(raw: bytes) -> None:
    """Claims that are signed well and hold anything."""
    from jwt.algorithms import HMACAlgorithm

    text = b'{"iss":"https://shared.example.com","aud":"api.example.com",' + raw.lstrip(b"{")
    for body in (raw, text):
        signed = f"{HS256}.{base64url(body)}"
        signature = HMACAlgorithm(HMACAlgorithm.SHA256).sign(signed.encode(), HMAC_SECRET)
        decided([("authorization", f"Bearer {signed}.{base64url(signature)}")])


def api_key(raw: bytes) -> None:
    """A key in each of its places."""
    text = to_text(raw)
    decided([("x-api-key", text)])
    decided([("cookie", text)])
    decided([("cookie", f"api_key={text}")])
    decided(path=f"/?{text}")
    decided(path=f"/?key={text}")


def basic(raw: bytes) -> None:
    """User and password, encoded and not."""
    decided([("authorization", f"Basic {base64.b64encode(raw).decode()}")])
    decided([("authorization", f"Basic {to_text(raw)}")])


def xfcc(raw: bytes) -> None:
    """What a trusted proxy says."""
    read_xfcc(to_text(raw))
    decided([("x-forwarded-client-cert", to_text(raw))])
    decided([("x-forwarded-client-cert", f'Hash=a;Cert="{to_text(raw)}"')])


def certificate(raw: bytes) -> None:
    """A certificate in PEM, and one whose DER is anything."""
    authorities = Authorities(case_authority().pem.encode())
    der = f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(raw).decode()}-----END CERTIFICATE-----\n"
    for pem in (to_text(raw), der):
        decided(certificate=Certificate(pem=pem))
        with suppress(ChainError):
            authorities.verify(pem, time.time())


def introspected(raw: bytes) -> None:
    """What an introspection endpoint answers."""
    decided([("authorization", f"Bearer {base64url(raw)[:100] or 'x'}")], body=raw)
    decided([("authorization", f"Bearer {base64url(raw)[:90]}x")], body=b'{"active":true,"sub":"a","scope":"a",' + raw)


def documents(raw: bytes) -> None:
    """JWKS, discovery, PEM and htpasswd: their own errors, and no others."""
    for read, error in (
        (lambda: read_jwks(raw, ("RS256", "ES256", "EdDSA")), BadKeyError),
        (lambda: read_jwks(b'{"keys":[{"kty":"RSA",' + raw, ("RS256",)), BadKeyError),
        (lambda: read_jwks(b'{"keys":[{"kty":"EC","crv":"P-256",' + raw, ("ES256",)), BadKeyError),
        (lambda: read_pem(raw, ("RS256",)), BadKeyError),
        (lambda: jwks_url_from(raw, "https://a", allow_http=False), DiscoveryError),
        (
            lambda: jwks_url_from(b'{"issuer":"https://a","jwks_uri":' + raw, "https://a", allow_http=True),
            DiscoveryError,
        ),
        (lambda: list(read_htpasswd(raw)), HtpasswdError),
    ):
        with suppress(error):
            read()


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
        authorization, bearer, token_parts, signed_claims, api_key, basic, xfcc, certificate, introspected, documents,
    )
}  # fmt: skip

# What a fuzzer should begin with, and put together.
SEEDS: tuple[bytes, ...] = (
    b'"sub":"alice","scope":"a b","exp":99999999999}',
    b'{"alg":"RS256","kid":"main"}\n{"iss":"https://auth.example.com","aud":["api.example.com"],"exp":1e3}\nx',
    b"gl_alicekey_AliceAliceAliceAliceAliceAlice01",
    b"alice:correct horse",
    b'By=a;Hash=b;URI=spiffe://c;Subject="CN=\\"d\\"",Hash=e',
    json.dumps(keyring().jwks("main", "ec", "ed")).encode(),
    b'"n":"AQAB","e":"AQAB","kid":"a"}]}',
    case_authority().pem.encode(),
    f"alice:{HASH}\n".encode(),
    b'{"active":true,"sub":"alice","exp":1}',
)
