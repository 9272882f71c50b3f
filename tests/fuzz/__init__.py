"""Fuzzing of every parser that reads what a stranger sends. Run by `make fuzz`, not by `make test`."""
