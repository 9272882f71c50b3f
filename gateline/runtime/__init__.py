"""The composition root's parts: the world in which decisions are driven."""
