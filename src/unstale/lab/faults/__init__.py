"""Faults: what goes wrong at a moment. One a file, each with `FAULT`, a class with `strike`."""
