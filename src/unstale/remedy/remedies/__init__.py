"""Remedies: one a file, each with `REMEDY`; the docstring is its page."""
