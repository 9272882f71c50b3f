"""The plugin server that fails closed; what a plugin may use of it is in `hub`."""
