"""What the gateway file does not say, because it belongs to the place where an Envoy runs."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_SIDECAR = "127.0.0.1:9191"


@dataclass(frozen=True, slots=True)
class EnvoyOptions:
    """Addresses are HOST:PORT; a sidecar may be unix:PATH.

    `sidecars` names every worker process of the sidecar; `admin` None leaves Envoy's admin port out; `access_log` is a
    file, None for none; `proxy_protocol` lets a client tell its address by the PROXY protocol (for tests: whoever
    connects is believed); `upstream_ca` is the bundle that signs `https` upstreams, on the machine where Envoy runs.
    """

    listen: str = "127.0.0.1:10000"
    sidecars: tuple[str, ...] = (DEFAULT_SIDECAR,)
    admin: str | None = None
    access_log: str | None = "/dev/stdout"
    proxy_protocol: bool = False
    upstream_ca: str = "/etc/ssl/certs/ca-certificates.crt"
    max_body_bytes: int = 1 << 20
