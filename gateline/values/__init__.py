"""The values that travel through a decision: small, typed, and free of I/O."""
