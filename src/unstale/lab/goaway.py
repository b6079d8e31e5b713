"""Take GOAWAY frames out of an HTTP/2 byte stream before the h2 library sees them.

The library ends a connection at the first GOAWAY and refuses every later frame, answers to open streams included. A
proxy that drains says GOAWAY twice, first with the highest stream there is, and answers meanwhile (RFC 9113, 6.8).
"""

from __future__ import annotations

_HEADER = 9
_GOAWAY = 7
_STREAM = 0x7FFFFFFF


class GoawayFilter:
    """`last_stream` is the last stream that the peer takes, None as long as it has not said so."""

    def __init__(self) -> None:
        self.last_stream: int | None = None
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """The whole frames in what has arrived so far, without GOAWAY."""
        self._rest += data
        passed = []
        while len(self._rest) >= _HEADER:
            size = _HEADER + int.from_bytes(self._rest[:3], "big")
            if len(self._rest) < size:
                break
            frame, self._rest = self._rest[:size], self._rest[size:]
            if frame[3] == _GOAWAY:
                self.last_stream = int.from_bytes(frame[_HEADER : _HEADER + 4], "big") & _STREAM
            else:
                passed.append(frame)
        return b"".join(passed)
