"""Scenarios: one way for connections to fail. One a file, each with `SCENARIO`; the docstring explains it."""
