"""API keys that are stored as hashes, from the configuration, a file, or a store."""

from kong_plugins.adapter.key_auth import KeyAuthConfig, KeyAuthPlugin
from kong_plugins.adapter.schema import kong_schema

version = "0.1.0"
priority = 1251  # just before Kong's own key-auth (1250)
Schema = kong_schema(KeyAuthConfig)
Plugin = KeyAuthPlugin
