"""The history of failed connections in a stream, which cannot be read a second time.

The last megabytes are kept, and looked at again as failures come in. A connection that idled for longer than these
megabytes last seems fresh; such failures say that their history may not be whole.
"""

from __future__ import annotations

from collections import deque

from unstale.accesslog.options import Options
from unstale.accesslog.part_scan import PartScan
from unstale.accesslog.trace import Trace
from unstale.accesslog.uses import Uses, connection_of, is_broken, wanted

WINDOW_BYTES = 64 << 20


class History:
    """Watches a scan of a stream: after `keep` of each block the scan's new failures are traced in the window."""

    def __init__(self, scanner: PartScan, options: Options) -> None:
        self._scanner = scanner
        self._options = options
        self._window: deque[bytes] = deque()
        self._size = 0
        self._new = 0
        self._traced = 0

    def keep(self, block: memoryview | bytes) -> None:
        """Remember a block that was just scanned."""
        self._window.append(bytes(block))
        self._size += len(block)
        self._new += len(block)
        if self._new >= WINDOW_BYTES // 2:
            self.settle()
            while self._size > WINDOW_BYTES // 2:
                self._size -= len(self._window.popleft())

    def settle(self) -> None:
        """Trace the failures that came in since the last time."""
        self._new = 0
        kept = self._scanner.kept_rows()
        fresh = kept[self._traced :]
        self._traced = len(kept)
        failed = wanted(each.row for each in fresh)
        if not failed:
            return
        trace = Trace(Uses(failed_s=failed), self._options)
        for block in self._window:
            trace.feed(block)
        broken = wanted(each.row for each in fresh if is_broken(each.row))
        for each in fresh:
            if connection_of(each.row) is None:
                continue
            starts = broken.get((each.row.upstream_local_address, each.row.upstream_host), ())
            each.previous = trace.uses.before(each.row, starts)
            each.is_traced = True
