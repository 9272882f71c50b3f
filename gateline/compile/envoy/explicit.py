"""Writes out defaults on which safety rests: protobuf leaves a false or zero out, and a reader should see it."""

from __future__ import annotations

from typing import Any

_SAID: dict[str, dict[str, Any]] = {
    "ext_authz.v3.ExtAuthz": {"failure_mode_allow": False},
    "http_connection_manager.v3.HttpConnectionManager": {
        "xff_num_trusted_hops": 0,
        "preserve_external_request_id": False,
        "forward_client_cert_details": "SANITIZE",
    },
}


def say_defaults(value: Any) -> None:
    """Add them in place to each message of these types."""
    if isinstance(value, list):
        for item in value:
            say_defaults(item)
    elif isinstance(value, dict):
        for suffix, fields in _SAID.items():
            if str(value.get("@type", "")).endswith(f".{suffix}"):
                for name, default in fields.items():
                    value.setdefault(name, default)
        for item in value.values():
            say_defaults(item)
