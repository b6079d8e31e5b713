"""Python's collector of cycles, put aside while much is made that has none.

While a large configuration grows, the collector looks through all of it again and again: nearly half of the time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """It is switched on again at the end, unless it was off before."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def keep() -> None:
    """What is there now stays: the collector does not look at it again, whatever it finds later.

    For a process that holds much and changes little of it, or each round of the collector takes as long as a change.
    """
    gc.freeze()
