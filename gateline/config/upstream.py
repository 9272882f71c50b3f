"""Upstreams: the services that a compiled proxy sends to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from gateline.config.tls import UpstreamTls
from gateline.schema.model import Model

Seconds = Annotated[int, Field(ge=1, le=86_400)]
ADDRESS = r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):[0-9]{1,5}$"
Address = Annotated[str, StringConstraints(pattern=ADDRESS), Field(description="HOST:PORT")]


class HealthCheck(Model):
    """Active health checks; times in seconds."""

    path: Annotated[str, StringConstraints(pattern="^/")] = "/health"
    interval: Seconds = 30
    timeout: Seconds = 5
    healthy_threshold: Annotated[int, Field(ge=1, le=100)] = 2
    unhealthy_threshold: Annotated[int, Field(ge=1, le=100)] = 3


class Server(Model):
    """A server with a weight among its upstream's."""

    address: Address
    weight: Annotated[int, Field(ge=1, le=1000)] = 1


class Upstream(Model):
    """A service; timeouts in seconds."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,128}$")]
    name: str = ""
    protocol: Literal["http", "https", "grpc", "ws"] = "http"
    servers: Annotated[tuple[Server, ...], Field(min_length=1)]
    load_balance: Literal["round-robin", "least-connections", "ip-hash", "weighted"] = "round-robin"
    health_check: HealthCheck | None = None
    connection_timeout: Seconds = 60
    read_timeout: Seconds = 60
    retries: Annotated[int, Field(ge=0, le=100)] = 3
    tls: UpstreamTls | None = None
    """How `https`, and `grpc` or `ws` where it is given, are encrypted."""

    @property
    def encrypted(self) -> bool:
        """Whether the proxy speaks TLS to it."""
        return self.protocol == "https" or self.tls is not None

    @model_validator(mode="after")
    def _no_tls_in_http(self) -> Upstream:
        if self.protocol == "http" and self.tls is not None:
            raise ValueError("has tls, but protocol http: write https")
        return self

    @field_validator("servers", mode="before")
    @classmethod
    def _bare_addresses(cls, servers: object) -> object:
        if isinstance(servers, list | tuple):
            return [{"address": server} if isinstance(server, str) else server for server in servers]
        return servers
