"""May they? Rules over the identity and the request; deny by default."""
