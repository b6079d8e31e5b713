"""Policies: what is done about the failure. One a file, each with `POLICY`; the docstring explains it."""
