"""Authentication against real servers: a JWKS server of ours, an OpenID provider, Valkey, Envoy's own handshake."""
