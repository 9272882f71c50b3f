"""The command line: the process's roots. Each command is a file, imported when it is called."""
