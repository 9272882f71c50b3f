"""One file per method; the file's stem is its tag in configuration, log and metrics."""
