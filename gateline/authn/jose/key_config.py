"""The `keys` of a `jwt` method: exactly one place where the issuer's keys are."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from gateline.authn.jose.discovery import discovery_url_of
from gateline.authn.jose.key_source import KeySource, StaticKeys
from gateline.authn.jose.keys import BadKeyError, KeySet, read_jwks, read_pem, read_secret
from gateline.authn.jose.remote_keys import FetchRules, RemoteKeys
from gateline.schema.model import Model
from gateline.schema.secret import Secret, SourceError, Sources
from gateline.schema.url import url_fault
from gateline.values.errors import ConfigError

SOURCES = ("jwks_file", "jwks", "pem_file", "secret", "jwks_url", "discovery")
Seconds = Annotated[int, Field(ge=1, le=604_800)]


class Keys(Model):
    """One of the first six; the rest holds for keys that are fetched."""

    jwks_file: str | None = None
    """A JWKS document (RFC 7517) beside the gateway file."""
    jwks: dict[str, Any] | None = None
    """The document itself."""
    pem_file: str | None = None
    """One public key in PEM."""
    secret: Secret | None = None
    """The shared secret of HS algorithms."""
    jwks_url: str | None = None
    """Where the issuer publishes its JWKS."""
    discovery: bool | str | None = None
    """True: OpenID Connect Discovery at the issuer; or the document's URL."""
    refresh_s: Seconds = 300
    """How old fetched keys get before they are renewed in the background."""
    refetch_s: Seconds = 10
    """An unknown `kid` fetches at most once in so many seconds."""
    max_stale_s: Seconds = 86_400
    """How long the last good keys serve while the issuer is away."""
    within_ms: Annotated[int, Field(ge=1, le=60_000)] = 5000
    """How long one fetch may take."""
    allow_http: bool = False

    @model_validator(mode="after")
    def _one_source(self) -> Keys:
        given = [name for name in SOURCES if getattr(self, name) not in (None, False)]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of {', '.join(SOURCES)}; it has {', '.join(given) or 'none'}")
        for url in (self.jwks_url, self.discovery):
            if isinstance(url, str) and (fault := url_fault(url, allow_http=self.allow_http)):
                raise ValueError(f"has a URL that {fault}")
        if self.max_stale_s < self.refresh_s:
            raise ValueError("must have max_stale_s ≥ refresh_s, or good keys would run out before they are renewed")
        return self

    def build(self, sources: Sources, issuer: str, algorithms: tuple[str, ...]) -> KeySource:
        """The source; `ConfigError` with paths below `keys` where it is no good."""
        if self.jwks_url or self.discovery:
            return self._remote(issuer, algorithms)
        place = next(name for name in SOURCES if getattr(self, name) is not None)
        try:
            return StaticKeys(self._static(sources, algorithms))
        except (SourceError, BadKeyError) as error:
            what = getattr(self, place)
            name = f"{what} " if isinstance(what, str) and isinstance(error, BadKeyError) else ""
            raise ConfigError.at(("keys", place), f"{name}{error}") from error

    def _static(self, sources: Sources, algorithms: tuple[str, ...]) -> KeySet:
        if self.jwks is not None:
            return read_jwks(self.jwks, algorithms)
        if self.secret is not None:
            return KeySet([read_secret(sources.secret(self.secret), algorithms)])
        if self.jwks_file is not None:
            return read_jwks(sources.read(self.jwks_file), algorithms)
        return KeySet([read_pem(sources.read(self.pem_file or ""), algorithms)])

    def _remote(self, issuer: str, algorithms: tuple[str, ...]) -> RemoteKeys:
        discovery = self.discovery or ""
        if discovery is True:
            discovery = discovery_url_of(issuer)
            if fault := url_fault(discovery, allow_http=self.allow_http):
                raise ConfigError.at(("keys", "discovery"), f"the issuer's URL {fault}")
        rules = FetchRules(self.refresh_s, self.refetch_s, self.max_stale_s, self.within_ms / 1000, self.allow_http)
        return RemoteKeys(issuer, self.jwks_url or "", discovery, algorithms, rules)
