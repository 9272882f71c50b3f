"""Who is it? Methods give an identity, refuse, or say that a request is not theirs."""
