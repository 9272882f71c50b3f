"""`gateline token`: mints a demo token with the demo's own key."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Any

import click
import jwt

from gateline.authn.methods.jwt import Config as JwtConfig
from gateline.cli.duration import DURATION
from gateline.cli.policy import config_option, failed, load_policy
from gateline.config.load import Loaded
from gateline.demo.keys import KEY_ID, PRIVATE_KEY


@click.command("token")
@config_option
@click.option("--sub", required=True, help="Whose token: its subject.")
@click.option("--scope", default="", help="Scopes, with spaces between them.")
@click.option(
    "--ttl", "ttl_s", default="1h", show_default=True, type=DURATION, help="How long it is valid: 30s, 15m, 1h."
)
@click.option("--tenant", help="The tenant that it belongs to.")
@click.option("--method", "name", help="Which `jwt` method of the policy it is for; by default the first.")
def command(config: Path, sub: str, scope: str, ttl_s: int, tenant: str | None, name: str | None) -> None:
    """Print a token that the policy accepts. Only for a policy whose keys lie in `.gateline/`: this machine's demo."""
    click.echo(mint(load_policy(config), sub, scope, ttl_s, tenant=tenant, name=name))


def mint(
    loaded: Loaded, sub: str, scope: str, ttl_s: int, *, tenant: str | None = None, name: str | None = None
) -> str:
    """A signed token (RFC 7519) for the policy's JWT method; it ends the command where there is no key to sign with."""
    methods = [m for m in loaded.gateway.authentication if isinstance(m, JwtConfig) and name in (None, m.name)]
    if not methods:
        raise failed(f"{loaded.file} has no jwt method{f' named {name}' if name else ''}")
    method = methods[0]
    now_unix_s = int(time.time())
    claims: dict[str, Any] = {
        "iss": method.issuer,
        "aud": method.audience,
        "sub": sub,
        "scope": scope,
        "iat": min(now_unix_s, now_unix_s + ttl_s),
        "exp": now_unix_s + ttl_s,
        "jti": secrets.token_hex(8),
    }
    if tenant is not None:
        claims["tenant"] = tenant
    return jwt.encode(claims, _private_key(loaded, method), algorithm="RS256", headers={"kid": KEY_ID})


def _private_key(loaded: Loaded, method: JwtConfig) -> str:
    jwks_file = getattr(method.keys, "jwks_file", None)
    if jwks_file is None:
        raise failed(f"method {method.name} takes its keys from elsewhere: only its issuer can mint tokens")
    path = loaded.sources.path(jwks_file).with_name(PRIVATE_KEY)
    try:
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise failed(
            f"can't read {path}: {error.strerror}; only the issuer of method {method.name} mints tokens"
        ) from error
