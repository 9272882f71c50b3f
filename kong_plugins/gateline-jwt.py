"""JSON Web Tokens of one issuer."""

from kong_plugins.adapter.jwt_auth import JwtConfig, JwtPlugin
from kong_plugins.adapter.schema import kong_schema

version = "0.1.0"
priority = 1451  # just before Kong's own jwt (1450)
Schema = kong_schema(JwtConfig)
Plugin = JwtPlugin
