"""The gateway file: its model, and loading it with errors that name file, line and path."""
