"""One pitfall a file: its `RULE`, and as docstring its page."""
