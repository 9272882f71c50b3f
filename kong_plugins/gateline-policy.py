"""The whole policy of a route, from a gateway file: who may pass, how often, and what the upstream is told."""

from kong_plugins.adapter.policy_plugin import PolicyConfig, PolicyPlugin
from kong_plugins.adapter.schema import kong_schema

version = "0.1.0"
priority = 1260  # before Kong's own authentication plugins, which it may stand in for
Schema = kong_schema(PolicyConfig)
Plugin = PolicyPlugin
