"""Whether a zstd stream has come to its end: a cut file decompresses without complaint up to the cut.

Walks the frames by the sizes in their headers (RFC 8878, 3.1), without looking at what is compressed.
"""

from __future__ import annotations

_SKIPPABLE = 0x184D2A50
_SIZE_BYTES = (0, 2, 4, 8)
_DICTIONARY_BYTES = (0, 1, 2, 4)
_RAW_OR_COMPRESSED = (0, 2)


class ZstFrames:
    """Is told the compressed bytes as they are read; `is_whole` says whether they end where a frame ends."""

    def __init__(self) -> None:
        self._skip = 0
        self._held = b""
        self._state = "magic"
        self._has_checksum = False

    @property
    def is_whole(self) -> bool:
        """Whether no frame is open."""
        return self._state == "magic" and not self._skip and not self._held

    def feed(self, content: bytes) -> None:
        """Go on by the next bytes."""
        at = 0
        while at < len(content):
            if self._skip:
                step = min(self._skip, len(content) - at)
                self._skip -= step
                at += step
                continue
            wanted = self._wanted() - len(self._held)
            self._held += content[at : at + wanted]
            at += wanted
            if len(self._held) >= self._wanted():
                self._step()

    def _wanted(self) -> int:
        return {"magic": 4, "skippable": 4, "header": 1, "block": 3}[self._state]

    def _step(self) -> None:
        value, self._held = int.from_bytes(self._held, "little"), b""
        if self._state == "magic":
            self._state = "skippable" if value & ~0xF == _SKIPPABLE else "header"
        elif self._state == "skippable":
            self._skip, self._state = value, "magic"
        elif self._state == "header":
            self._header(value)
        else:
            self._block(value)

    def _header(self, descriptor: int) -> None:
        is_single = descriptor >> 5 & 1
        size = _SIZE_BYTES[descriptor >> 6] or is_single
        self._has_checksum = bool(descriptor >> 2 & 1)
        self._skip = size + (not is_single) + _DICTIONARY_BYTES[descriptor & 3]
        self._state = "block"

    def _block(self, header: int) -> None:
        self._skip = header >> 3 if header >> 1 & 3 in _RAW_OR_COMPRESSED else 1
        if header & 1:
            self._skip += 4 * self._has_checksum
            self._state = "magic"
