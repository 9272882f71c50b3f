"""JSON Object Signing (RFC 7515, 7517, 7518) as RFC 8725 asks: the policy decides what is believed, never the token."""
