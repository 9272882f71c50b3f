"""Which route is it? Path first, then conditions; the order in the file never matters."""
