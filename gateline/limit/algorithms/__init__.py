"""One file per algorithm, with its Lua beside it; the file's stem is its tag."""
