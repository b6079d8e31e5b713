"""What the lab measured of the pitfalls: figures of real runs, kept with the command that gave them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=1)
def measured() -> Mapping[str, str]:
    """The figure by code, as in "249 of 4007 GETs failed"; made by `scripts/measure_pitfalls.py`."""
    text = files("unstale.lint").joinpath("measured.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return {row[0]: row[1] for row in rows}
