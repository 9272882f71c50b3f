"""Client certificates: the one of the connection, or the one that a trusted proxy in front of ours tells of.

The chain is verified here, against the policy's own authorities: a proxy may have been told to take any certificate.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, IPvAnyNetwork, model_validator

from gateline.authn.certificate.allowed import Allowed
from gateline.authn.certificate.chain import Authorities, ChainError, Verified
from gateline.authn.certificate.subject import Subject
from gateline.authn.certificate.xfcc import read_xfcc
from gateline.authn.method import MethodConfig, MethodParts, Outcome
from gateline.authn.networks import Networks
from gateline.context import Context
from gateline.recent import Recent
from gateline.schema.secret import SourceError
from gateline.values.errors import ConfigError
from gateline.values.identity import NOT_MINE, Identity, NotMine, Refused
from gateline.values.request import Needs

XFCC = "x-forwarded-client-cert"
MAX_CACHED_CHARACTERS = 16 << 20


class Config(MethodConfig):
    """`{name: services, method: mtls, ca_file: clients-ca.pem, allow: {spiffe_ids: ['spiffe://example.com/*']}}`."""

    method: Literal["mtls"]
    ca_file: str | None = None
    """The authorities that sign clients, in PEM."""
    xfcc_from: tuple[IPvAnyNetwork, ...] = ()
    """Proxies in front of ours whose `x-forwarded-client-cert` is believed, by their address."""
    allow: Allowed = Allowed()
    user_id: Literal["best", "uri", "dns", "email", "common_name", "subject", "fingerprint"] = "best"
    """What of the certificate the user is called by; best: URI, else DNS, else e-mail, else common name."""
    tenant: Annotated[str, Field(min_length=1)] | None = None
    scopes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _someone_verifies(self) -> Config:
        if self.ca_file is None and not self.xfcc_from:
            raise ValueError("believes nobody: give ca_file, or the proxies of xfcc_from that verify clients")
        return self

    @property
    def proxy_needs(self) -> Needs:
        """The certificate, and where a proxy in front may tell of one, its header and its address."""
        told = bool(self.xfcc_from)
        certificate = self.ca_file is not None
        return Needs(headers=frozenset({XFCC} if told else ()), client_address=told, certificate=certificate)

    def build(self, parts: MethodParts) -> MtlsMethod:
        """The method with its authorities."""
        if self.ca_file is None:
            return MtlsMethod(self, None)
        try:
            return MtlsMethod(self, Authorities(parts.sources.read(self.ca_file)))
        except SourceError as error:
            raise ConfigError.at(("ca_file",), str(error)) from error
        except ValueError as error:
            raise ConfigError.at(("ca_file",), f"{self.ca_file} holds no certificates in PEM") from error


class MtlsMethod:
    """Judges the client's certificate."""

    def __init__(self, config: Config, authorities: Authorities | None) -> None:
        self.name = config.name
        # No challenge: a certificate is asked for by TLS, not by HTTP.
        self.challenge = ""
        self._proxies = Networks(config.xfcc_from)
        self.needs = config.proxy_needs
        self._config = config
        self._authorities = authorities
        self._verified: Recent[str, Verified] = Recent(MAX_CACHED_CHARACTERS)

    def authenticate(self, context: Context) -> Outcome:
        """What a trusted proxy says goes before the connection's certificate, which then is that proxy's own."""
        request = context.request
        if self._config.xfcc_from:
            told = request.headers.all(XFCC)
            if self._proxies.hold(request.peer):
                # Silence is no certificate: the connection's own is that proxy's, and nobody's credential.
                return self._forwarded(",".join(told), request.now) if told else NOT_MINE
            if told:
                context.explain(f"{XFCC} of {request.peer} is not believed")
        certificate = request.certificate
        if certificate is None or not certificate.pem or self._authorities is None:
            return NOT_MINE
        return self._chain(self._authorities, certificate.pem, request.now)

    def _forwarded(self, text: str, now: float) -> Outcome:
        """The last element is the word of the hop that is nearest to us: what stands before it, others said."""
        elements = read_xfcc(text)
        if elements is None:
            return Refused("malformed_request", f"{XFCC} can't be read")
        element = elements[-1]
        if self._authorities is None:
            return self._judge(element.subject)
        if not element.pem:
            return NotMine(Refused("invalid_token", f"{XFCC} holds no certificate to verify"))
        return self._chain(self._authorities, element.pem, now)

    def _chain(self, authorities: Authorities, pem: str, now: float) -> Outcome:
        verified = self._verified.get(pem)
        if verified is None or not verified.from_unix_s <= now < verified.until_unix_s:
            try:
                verified = authorities.verify(pem, now)
            except ChainError as error:
                return Refused("invalid_token", f"the certificate {error}")
            self._verified.put(pem, verified, len(pem))
        return self._judge(verified.subject)

    def _judge(self, subject: Subject) -> Outcome:
        if fault := self._config.allow.fault(subject):
            return Refused("forbidden", f"the certificate of {subject.best_name!r} {fault}")
        user_id = _called(subject, self._config.user_id)
        if not user_id or not user_id.isprintable():
            return Refused("invalid_token", f"the certificate has no {self._config.user_id} to call its user by")
        return Identity(
            user_id=user_id,
            method="mtls",
            tenant=self._config.tenant,
            scopes=frozenset(self._config.scopes),
            roles=frozenset(self._config.roles),
            credential_id=subject.fingerprint[:32],
            claims={"sans": list(subject.sans), "issuer": subject.issuer, "subject": subject.name},
        )


def _called(subject: Subject, by: str) -> str:
    """The user's id by the policy's choice; empty where the certificate lacks it."""
    several = {"uri": subject.uris, "dns": subject.dns, "email": subject.emails}
    if by in several:
        return several[by][0] if several[by] else ""
    names = {"common_name": subject.common_name, "subject": subject.name, "fingerprint": subject.fingerprint}
    return names.get(by, subject.best_name)
