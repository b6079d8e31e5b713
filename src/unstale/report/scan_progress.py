"""The progress of a scan on a terminal: one line that is drawn again and vanishes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TextIO

from unstale.accesslog.result import Progress
from unstale.report.table import count

QUIET_S = 0.4
"""Short scans draw nothing."""

_EVERY_S = 0.1
_BAR = 24


class ScanProgress:
    """Called with how far a scan is, from any thread; `done` removes the line. `clock` gives seconds."""

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._begun = clock()
        self._drawn: float | None = None
        self._lock = threading.Lock()

    def __call__(self, progress: Progress) -> None:
        """Draw, if it is time to."""
        now = self._clock()
        with self._lock:
            if now - self._begun < QUIET_S or (self._drawn is not None and now - self._drawn < _EVERY_S):
                return
            self._drawn = now
            self._stream.write(f"\r\x1b[K{_line(progress, now - self._begun)}")
            self._stream.flush()

    def done(self) -> None:
        """Remove the line."""
        with self._lock:
            if self._drawn is not None:
                self._stream.write("\r\x1b[K")
                self._stream.flush()
                self._drawn = None


def _line(progress: Progress, elapsed_s: float) -> str:
    rate = progress.done_bytes / 1e6 / max(elapsed_s, 1e-3)
    told = f"{count(progress.lines)} lines, {count(progress.failed)} failed, {rate:.0f} MB/s"
    if not progress.total_bytes:
        return f"{progress.done_bytes / 1e6:,.0f} MB  {told}"
    share = min(1.0, progress.done_bytes / progress.total_bytes)
    full = round(share * _BAR)
    return f"{'#' * full}{'.' * (_BAR - full)} {share:4.0%}  {told}"
