"""Gateline's policy: from a request to a decision, without a proxy's library and without I/O."""
