"""Splitting a route's traffic among upstreams: a share each, and the same for the same user where that is asked for."""
