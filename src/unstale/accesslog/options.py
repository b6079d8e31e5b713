"""What a scan may be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from unstale.accesslog.log_format import OwnFormat
from unstale.accesslog.result import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to scan. The defaults suit a person at a terminal.

    `formats` are the user's own (`log_format.own_formats`), tried first.
    `workers` is the number of threads (0: one a core).
    `is_pure` leaves the compiled scanner out. `is_traced` looks a second time for the history of failed connections.
    `kept_per_group` and `kept` bound the failing rows that are handed on whole. `progress` is called often.
    """

    formats: tuple[OwnFormat, ...] = ()
    workers: int = 0
    is_pure: bool = False
    is_traced: bool = True
    kept_per_group: int = 200
    kept: int = 50_000
    progress: Callable[[Progress], None] | None = None
