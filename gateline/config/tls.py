"""TLS on both sides of the proxy. Files are PEM, named relative to the gateway file; only the proxy reads them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from gateline.schema.model import Model

FileName = Annotated[str, Field(min_length=1)]
# A name that a certificate is asked for: an address has no place in SNI (RFC 6066 §3), so its last label has a letter.
ServerName = Annotated[str, Field(pattern=r"^([A-Za-z0-9_-]+\.)*[A-Za-z0-9_-]*[A-Za-z][A-Za-z0-9_-]*$", max_length=253)]


class Certificate(Model):
    """What the proxy shows to clients: a certificate with the chain behind it, and its private key."""

    certificate_file: FileName
    key_file: FileName


class Tls(Model):
    """TLS at the proxy's listener."""

    certificates: Annotated[tuple[Certificate, ...], Field(min_length=1)]
    """Of several, the one for the name that the client asks for; else the first."""
    minimum_version: Literal["1.2", "1.3"] = "1.2"
    client_certificates: Literal["none", "optional", "required"] = "none"
    """Whether clients are asked for a certificate, and whether there is a way in without one."""
    client_ca_file: FileName | None = None
    """Who may sign clients. Without it, `optional` takes any certificate, and the `mtls` methods alone judge it."""

    @field_validator("minimum_version", mode="before")
    @classmethod
    def _unquoted(cls, given: object) -> object:
        return str(given) if isinstance(given, float) else given

    @model_validator(mode="after")
    def _somebody_verifies(self) -> Tls:
        if self.client_certificates == "none" and self.client_ca_file is not None:
            raise ValueError("asks no client for a certificate: set client_certificates, or leave client_ca_file out")
        if self.client_certificates == "required" and self.client_ca_file is None:
            raise ValueError("requires certificates of clients, but not who signs them: give client_ca_file")
        return self


class UpstreamTls(Model):
    """TLS to a service. Its certificate must be signed by the authority, and be for the right name."""

    ca_file: FileName | None = None
    """Who signs the service's certificate; without it, whoever the proxy's system trusts."""
    certificate_file: FileName | None = None
    """What the proxy shows to the service (mutual TLS)."""
    key_file: FileName | None = None
    sni: ServerName | None = None
    """The name that is asked for; without it, the name in `servers`."""
    sans: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Names, addresses or URIs of which the certificate must have one; without them, `sni` or the host in `servers`."""

    @model_validator(mode="after")
    def _both_or_none(self) -> UpstreamTls:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("has one of certificate_file and key_file: give both, or neither")
        return self
