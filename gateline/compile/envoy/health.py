"""Active health checks of an upstream."""

from __future__ import annotations

from datetime import timedelta

from envoy_data_plane.envoy.config.core.v3 import (
    HealthCheck,
    HealthCheckGrpcHealthCheck,
    HealthCheckHttpHealthCheck,
    HealthCheckTlsOptions,
)

from gateline.config import upstream as config


def health_check(upstream: config.Upstream, check: config.HealthCheck) -> HealthCheck:
    """gRPC's own check for `grpc`, else a GET that must answer 200."""
    interval = timedelta(seconds=check.interval)
    made = HealthCheck(
        timeout=timedelta(seconds=check.timeout),
        interval=interval,
        # Envoy's default asks an idle upstream once a minute, whatever the interval says.
        no_traffic_interval=interval,
        unhealthy_threshold=check.unhealthy_threshold,
        healthy_threshold=check.healthy_threshold,
    )
    if upstream.protocol == "grpc":
        made.grpc_health_check = HealthCheckGrpcHealthCheck()
    else:
        made.http_health_check = HealthCheckHttpHealthCheck(path=check.path)
    if upstream.encrypted:
        made.tls_options = HealthCheckTlsOptions(alpn_protocols=["h2" if upstream.protocol == "grpc" else "http/1.1"])
    return made
