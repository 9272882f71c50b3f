"""A limit for each address, consumer or credential, in Redis or in this process."""

from kong_plugins.adapter.rate_limit import RateLimitConfig, RateLimitPlugin
from kong_plugins.adapter.schema import kong_schema

version = "0.1.0"
priority = 911  # just before Kong's own rate-limiting (910), behind every authentication
Schema = kong_schema(RateLimitConfig)
Plugin = RateLimitPlugin
