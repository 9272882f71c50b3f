"""A share of a route's requests for each of several Kong upstreams: canaries and blue-green."""

from kong_plugins.adapter.schema import kong_schema
from kong_plugins.adapter.split_plugin import SplitConfig, SplitPlugin

version = "0.1.0"
priority = 805  # behind limits: who is refused takes no turn
Schema = kong_schema(SplitConfig)
Plugin = SplitPlugin
