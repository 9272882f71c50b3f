"""TLS contexts of the listener and of clusters. They name files; no key is read here, and none is written."""

from __future__ import annotations

from typing import Final

from envoy_data_plane.envoy.config.core.v3 import DataSource, TransportSocket
from envoy_data_plane.envoy.extensions.transport_sockets.tls.v3 import (
    CertificateValidationContext,
    CertificateValidationContextTrustChainVerification,
    CommonTlsContext,
    DownstreamTlsContext,
    SubjectAltNameMatcher,
    SubjectAltNameMatcherSanType,
    TlsCertificate,
    TlsParameters,
    TlsParametersTlsProtocol,
    UpstreamTlsContext,
)
from envoy_data_plane.envoy.type.matcher.v3 import StringMatcher
from envoy_data_plane.google.protobuf import Any

from gateline.compile.envoy.address import is_ip
from gateline.config.load import Loaded
from gateline.config.tls import Tls, UpstreamTls

_VERSIONS: Final = {"1.2": TlsParametersTlsProtocol.TLSv1_2, "1.3": TlsParametersTlsProtocol.TLSv1_3}


def listener_tls(tls: Tls, loaded: Loaded) -> TransportSocket:
    """The listener's side."""
    common = CommonTlsContext(
        tls_params=TlsParameters(
            tls_minimum_protocol_version=_VERSIONS[tls.minimum_version],
            tls_maximum_protocol_version=TlsParametersTlsProtocol.TLSv1_3,
        ),
        tls_certificates=[_shown(item.certificate_file, item.key_file, loaded) for item in tls.certificates],
        alpn_protocols=["h2", "http/1.1"],
    )
    context = DownstreamTlsContext(common_tls_context=common)
    if tls.client_certificates != "none":
        common.validation_context = _clients(tls, loaded)
        context.require_client_certificate = tls.client_certificates == "required"
        # A resumed session is not asked for its certificate again, even when that has expired meanwhile.
        context.disable_stateless_session_resumption = True
        context.disable_stateful_session_resumption = True
    return TransportSocket(name="envoy.transport_sockets.tls", typed_config=Any.pack(context))


def _clients(tls: Tls, loaded: Loaded) -> CertificateValidationContext:
    if tls.client_ca_file is not None:
        return CertificateValidationContext(trusted_ca=_file(tls.client_ca_file, loaded))
    # TLS still proves that the client has the key; whose it is, Gateline judges by its own authorities.
    return CertificateValidationContext(
        trust_chain_verification=CertificateValidationContextTrustChainVerification.ACCEPT_UNTRUSTED
    )


def upstream_tls(tls: UpstreamTls | None, hosts: list[str], system_ca: str, loaded: Loaded) -> TransportSocket:
    """A cluster's side; `hosts` are those of its servers, all of them names or all addresses unless `sni` is given."""
    tls = tls or UpstreamTls()
    ca = _file(tls.ca_file, loaded) if tls.ca_file is not None else DataSource(filename=system_ca)
    names = tls.sans or ((tls.sni,) if tls.sni is not None else tuple(dict.fromkeys(hosts)))
    common = CommonTlsContext(
        tls_params=TlsParameters(
            tls_minimum_protocol_version=TlsParametersTlsProtocol.TLSv1_2,
            tls_maximum_protocol_version=TlsParametersTlsProtocol.TLSv1_3,
        ),
        validation_context=CertificateValidationContext(
            trusted_ca=ca, match_typed_subject_alt_names=[_san(name) for name in names]
        ),
    )
    if tls.certificate_file is not None and tls.key_file is not None:
        common.tls_certificates = [_shown(tls.certificate_file, tls.key_file, loaded)]
    context = UpstreamTlsContext(common_tls_context=common)
    if tls.sni is not None:
        context.sni = tls.sni
    elif not any(is_ip(host) for host in hosts):
        # RFC 6066 §3: no address in SNI.
        context.auto_host_sni = True
    return TransportSocket(name="envoy.transport_sockets.tls", typed_config=Any.pack(context))


def _san(name: str) -> SubjectAltNameMatcher:
    kind = SubjectAltNameMatcherSanType.DNS
    if "://" in name:
        kind = SubjectAltNameMatcherSanType.URI
    elif is_ip(name):
        kind = SubjectAltNameMatcherSanType.IP_ADDRESS
    return SubjectAltNameMatcher(san_type=kind, matcher=StringMatcher(exact=name))


def _shown(certificate_file: str, key_file: str, loaded: Loaded) -> TlsCertificate:
    return TlsCertificate(certificate_chain=_file(certificate_file, loaded), private_key=_file(key_file, loaded))


def _file(name: str, loaded: Loaded) -> DataSource:
    return DataSource(filename=str(loaded.sources.path(name).absolute()))
