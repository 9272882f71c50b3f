"""How a client's certificate comes to Gateline, and that nobody can make one up on the way.

Envoy removes `x-forwarded-client-cert` from every request, unless a method of the policy believes it of some proxies in
front. Then it passes as far as Gateline, which knows those proxies by their address, and never on to an upstream.
"""

from __future__ import annotations

from collections.abc import Iterator

from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import (
    HttpConnectionManagerForwardClientCertDetails,
)

from gateline.authn.methods.mtls import XFCC, Config
from gateline.authz.build import checks_of
from gateline.compile.plan import Plan
from gateline.config.check import methods_of
from gateline.values.errors import Fault

# Other spellings, which many servers read like the right one.
LOOKALIKES = "x_forwarded[-_]client[-_]cert|x-forwarded_client[-_]cert|x-forwarded-client_cert"
_NOBODY_VERIFIES = "`tls` takes any certificate of a client: give tls.client_ca_file"


def forwarding(plan: Plan) -> HttpConnectionManagerForwardClientCertDetails:
    """What Envoy does with the header of a request that comes in."""
    if _believes_proxies(plan):
        return HttpConnectionManagerForwardClientCertDetails.ALWAYS_FORWARD_ONLY
    return HttpConnectionManagerForwardClientCertDetails.SANITIZE


def removed_for_upstreams(plan: Plan) -> list[str]:
    """Headers that end at Envoy, after Gateline has seen them."""
    return [XFCC] if _believes_proxies(plan) else []


def _believes_proxies(plan: Plan) -> bool:
    return any(config.xfcc_from for _, config in _methods(plan))


def _methods(plan: Plan) -> Iterator[tuple[int, Config]]:
    """The `mtls` methods of compiled routes, each with its place among the methods."""
    declared = plan.gateway.authentication
    names = [method.name for method in declared]
    used = {name for planned in plan.routes for name in methods_of(planned.route, names)}
    for index, method in enumerate(declared):
        if isinstance(method, Config) and method.name in used:
            yield index, method


def certificate_refusals(plan: Plan) -> Iterator[Fault]:
    """Methods that would never see a certificate, certificates that nobody verifies."""
    tls = plan.gateway.tls
    asked = tls is not None and tls.client_certificates != "none"
    judged = False
    for index, config in _methods(plan):
        judged = judged or config.ca_file is not None
        if not asked and not config.xfcc_from:
            message = "needs `tls` with client_certificates: the compiled listener asks no client for a certificate"
            yield Fault(("authentication", index), message)
    if tls is None or not asked or tls.client_ca_file is not None:
        return
    if not judged:
        yield Fault(
            ("tls", "client_certificates"),
            f"is for nobody to judge: no route has an mtls method, and {_NOBODY_VERIFIES}",
        )
    for planned in plan.routes:
        rules = planned.route.authorization
        if rules is not None and any(check.needs.certificate for check in checks_of(rules, lambda *_: "")):
            yield Fault((*planned.path, "authorization"), f"asks about connection.mtls, but {_NOBODY_VERIFIES}")
