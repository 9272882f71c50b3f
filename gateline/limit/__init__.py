"""How much? Limits and quotas, charged atomically at two points."""
