"""What the plugin servers are given to do: a plugin, its configuration, and what Kong answers to its PDK calls."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from kong_plugins.protocol.values import encode_struct
from kong_plugins.protocol.wire import delimited

ISSUER = "https://auth.example.com"
AUDIENCE = "api.example.com"
KEY_CHECK = """
version = "1.0.0"
priority = 900
Schema = ({"key": {"type": "string"}},)


class Plugin:
    def __init__(self, config):
        self.key = config["key"]

    def access(self, kong):
        if kong.request.get_header("x-api-key") != self.key:
            return kong.response.exit(401, b"no")
        kong.service.request.set_header("x-user", "alice")
"""


@dataclass(frozen=True, slots=True)
class Work:
    """One event. `replies` gives a text, or headers by name; a call that is not in it is answered with nothing."""

    title: str
    plugin: str
    plugins: Path
    config: bytes
    replies: Mapping[str, Any]
    targets: Mapping[str, float] = field(default_factory=dict)

    def protobuf_reply(self, method: bytes) -> bytes:
        """The payload of a reply over ProtoBuf:1."""
        reply = self.replies.get(method.decode())
        if isinstance(reply, dict):
            return encode_struct(reply)
        return b"" if reply is None else b"\x0a" + delimited(reply.encode())

    def msgpack_reply(self, reply: Any) -> Any:
        """The data of a step over MsgPack:1."""
        return {name: [value] for name, value in reply.items()} if isinstance(reply, dict) else reply


def key_check(directory: Path) -> Work:
    """Two PDK calls, and a comparison."""
    plugins = directory / "plugins"
    plugins.mkdir()
    (plugins / "bench-key.py").write_text(KEY_CHECK, encoding="utf-8")
    config = {"key": "secret", "__plugin_id": "p", "__seq__": 1}
    replies = {"kong.request.get_header": "secret"}
    targets = {"ours, ProtoBuf": 0.5, "ours, MsgPack": 0.75}
    return Work("a key check (2 PDK calls)", "bench-key", plugins, json.dumps(config).encode(), replies, targets)


def policy(directory: Path) -> Work:
    """`gateline-policy`: a token that was seen before, a scope, a limit for its user."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    jwk = {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "k", "use": "sig"}
    (directory / "jwks.json").write_text(json.dumps({"keys": [jwk]}), encoding="utf-8")
    method = {"name": "main", "method": "jwt", "issuer": ISSUER, "audience": AUDIENCE}
    limit = {"requests_per_minute": 100_000_000, "burst": 100_000_000, "key_by": "user_id"}
    route = {"id": "users", "path": "/v1/users", "authorization": {"scopes": {"all": ["read:users"]}}}
    gateway = {
        "version": 1,
        "decision_log": {"level": "off"},
        "authentication": [{**method, "keys": {"jwks_file": "jwks.json"}}],
        "routes": [{**route, "rate_limit": limit}],
    }
    file = directory / "gateline.yaml"
    file.write_text(json.dumps(gateway), encoding="utf-8")
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "scope": "read:users", "iat": now, "exp": now + 86_400}
    token = jwt.encode(claims, key, algorithm="RS256", headers={"kid": "k"})
    headers = {
        "host": "api.example.com",
        "authorization": f"Bearer {token}",
        "accept": "application/json",
        "accept-encoding": "gzip, deflate, br",
        "user-agent": "client/1.0",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
    replies = {
        "kong.request.get_headers": headers,
        "kong.request.get_path": "/v1/users",
        "kong.client.get_forwarded_ip": "198.51.100.7",
    }
    config = {"file": str(file), "route": "users", "__plugin_id": "p", "__seq__": 1}
    plugins = Path(__file__).resolve().parents[1] / "kong_plugins"
    title = "gateline-policy with a JWT and a limit (6 PDK calls)"
    return Work(title, "gateline-policy", plugins, json.dumps(config).encode(), replies)
