"""The second pass over blocks: finds the rows of the connections that failed, and counts their uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from unstale.accesslog.compiled import compiled
from unstale.accesslog.formats import istio_text
from unstale.accesslog.line_reader import LineReader
from unstale.accesslog.options import Options
from unstale.accesslog.row import Row
from unstale.accesslog.uses import Uses

_ADDRESS = re.compile(rb"[0-9A-Fa-f.:\[\]]*:[0-9]+")


class Trace:
    """Takes blocks of whole lines and adds to `uses`."""

    def __init__(self, uses: Uses, options: Options) -> None:
        self.uses = uses
        self.lines = 0
        self._reader = LineReader(options.formats)
        self._has_own = bool(options.formats)
        self._locals = frozenset(local.encode() for local, _ in uses.failed_s)
        extension = compiled(options.is_pure)
        self._filter: Any = None if extension is None else extension.Filter(sorted(self._locals), self._has_own)

    def feed(self, block: memoryview | bytes) -> None:
        """Count the uses in a block."""
        lines = self._candidates(bytes(block)) if self._filter is None else self._filter.feed(block)
        for line in lines:
            text = line.decode("utf-8", "replace").removesuffix("\r")
            row = (None if self._has_own else istio_text.parse(text)) or self._reader.row(text)
            if isinstance(row, Row):
                self.uses.add(row)

    def _candidates(self, block: bytes) -> Iterator[bytes]:
        """Lines whose upstream local address is wanted: the second word of the tail, or anywhere in JSON."""
        wanted = self._locals
        for line in block.split(b"\n"):
            if self._has_own or line[-1:] == b"}" or line[-2:] == b"}\r":
                if not wanted.isdisjoint(_ADDRESS.findall(line)):
                    yield line
                continue
            tail = line[line.rfind(b'"') + 1 :].split(b" ", 3)
            if len(tail) == 4 and tail[2] in wanted:
                yield line
