"""TLS towards a service: who signs it, and what Kong shows to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateline.compile.kong.identity import TAG, id_of
from gateline.compile.plan import Plan
from gateline.config.tls import UpstreamTls
from gateline.config.upstream import Upstream
from gateline.schema.secret import SourceError
from gateline.values.errors import Fault, Path

_PROTOCOLS = {"http": "http", "ws": "http", "https": "https", "grpc": "grpc"}


def protocol_of(upstream: Upstream) -> str:
    """Kong's protocol of a service; a WebSocket is HTTP that is upgraded."""
    plain = _PROTOCOLS[upstream.protocol]
    return {"http": "https", "grpc": "grpcs"}.get(plain, plain) if upstream.encrypted else plain


def tls_of(upstream: Upstream) -> dict[str, Any]:
    """The fields of a service."""
    if not upstream.encrypted:
        return {}
    found: dict[str, Any] = {"tls_verify": True}
    tls = upstream.tls or UpstreamTls()
    if tls.ca_file is not None:
        found["ca_certificates"] = [id_of("ca", upstream.id)]
    if tls.certificate_file is not None:
        found["client_certificate"] = id_of("certificate", upstream.id)
    return found


def certificates_of(plan: Plan) -> dict[str, Any]:
    """The file's certificates. Kong takes a CA only as it is; our own and its key it reads from its environment."""
    authorities, own = [], []
    for path, upstream in plan.upstreams:
        if upstream.tls is None:
            continue
        if upstream.tls.ca_file is not None:
            pem = _pem(plan, (*path, "tls", "ca_file"), upstream.tls.ca_file)
            authorities.append({"id": id_of("ca", upstream.id), "cert": pem, "tags": [TAG]})
        if upstream.tls.certificate_file is not None:
            name = f"gateline-{upstream.id}".replace("_", "-").replace(".", "-").lower()
            pair = {"cert": f"{{vault://env/{name}-cert}}", "key": f"{{vault://env/{name}-key}}"}
            own.append({"id": id_of("certificate", upstream.id), **pair, "tags": [TAG]})
    return {**({"ca_certificates": authorities} if authorities else {}), **({"certificates": own} if own else {})}


def tls_refusals(plan: Plan) -> Iterator[Fault]:
    """What of TLS Kong cannot do as it is written."""
    if plan.gateway.tls is not None:
        message = "is kong.conf's affair in Kong: say it there (proxy_listen, ssl_cert, ssl_cert_key), and leave it out"
        yield Fault(("tls",), message)
    for path, upstream in plan.upstreams:
        tls = upstream.tls
        if tls is not None and tls.sni is not None:
            yield Fault((*path, "tls", "sni"), "can't be given to Kong, which asks for the name in `servers`")
        if tls is not None and tls.sans:
            yield Fault((*path, "tls", "sans"), "can't be given to Kong, which wants the name in `servers`")


def _pem(plan: Plan, path: Path, name: str) -> str:
    try:
        return plan.loaded.sources.read(name).decode("ascii")
    except (SourceError, UnicodeDecodeError) as error:
        raise plan.loaded.error([Fault(path, str(error))]) from error
