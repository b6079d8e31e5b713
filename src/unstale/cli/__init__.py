"""The command line: one command a file, each with `COMMAND`. It reads options, calls the rooms below and prints."""
