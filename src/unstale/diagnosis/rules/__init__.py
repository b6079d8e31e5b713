"""One cause a file, each with `RULE`; the docstring is the cause's page."""
