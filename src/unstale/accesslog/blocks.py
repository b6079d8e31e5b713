"""Whole lines in blocks: what is fed to a scanner, from a byte range or from a stream.

A line belongs to the range that its first byte lies in, so ranges that touch give every line exactly once, wherever the
cut falls. Memory stays flat whatever the input is: a line of more than `LINE_BYTES` is cut there, since no proxy writes
one and a file without any line break would otherwise have to be held whole.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import IO

# A mebibyte was no faster (measured on 256 MB of text).
BLOCK_BYTES = 256 << 10
LINE_BYTES = 4 << 20
_AHEAD = 8


def line_start(stream: IO[bytes], offset: int, size: int) -> int:
    """The first offset from `offset` on at which a line starts, or `size`."""
    if offset <= 0 or offset >= size:
        return min(max(offset, 0), size)
    at = offset - 1
    stream.seek(at)
    while chunk := stream.read(1 << 16):
        found = chunk.find(b"\n")
        if found >= 0:
            return at + found + 1
        at += len(chunk)
    return size


def range_blocks(stream: IO[bytes], start: int, end: int) -> Iterator[memoryview]:
    """Blocks of whole lines of the bytes from `start` to `end`, both of which are starts of lines.

    A block is valid until the next one is asked for.
    """
    stream.seek(start)
    left = end - start

    def read(view: memoryview) -> int:
        nonlocal left
        got = _read_into(stream, view[: min(len(view), left)])
        left -= got
        return got

    return stream_blocks(read)


def stream_blocks(read: Callable[[memoryview], int]) -> Iterator[memoryview]:
    """Blocks of whole lines of what `read` puts into a buffer, until it gives 0 bytes."""
    buffer = bytearray(2 * BLOCK_BYTES)
    filled, is_skipping = 0, False
    while True:
        if len(buffer) - filled < BLOCK_BYTES:
            buffer = _grown(buffer, filled)
        start, got = filled, read(memoryview(buffer)[filled : filled + BLOCK_BYTES])
        if got == 0:
            break
        filled += got
        if is_skipping:
            filled, is_skipping = _without_long_line(buffer, start, filled)
        cut = buffer.rfind(b"\n", start, filled) + 1
        if cut:
            yield memoryview(buffer)[:cut]
            buffer[: filled - cut] = buffer[cut:filled]
            filled -= cut
        elif filled > LINE_BYTES:
            filled, is_skipping = LINE_BYTES, True
    if filled:
        yield memoryview(buffer)[:filled]


def _grown(buffer: bytearray, filled: int) -> bytearray:
    larger = bytearray(2 * len(buffer))
    larger[:filled] = buffer[:filled]
    return larger


def _without_long_line(buffer: bytearray, start: int, filled: int) -> tuple[int, bool]:
    """Drop what an over-long line goes on with from `start`: how much is filled then, and whether it goes on still."""
    found = buffer.find(b"\n", start, filled)
    if found < 0:
        return start, True
    left = filled - found
    buffer[start : start + left] = buffer[found:filled]
    return start + left, False


def ahead(blocks: Iterator[memoryview], stop: threading.Event) -> Iterator[bytes]:
    """The same blocks, made by a second thread that stays a little ahead: a decompressor beside the scanner."""
    waiting: queue.Queue[bytes | BaseException | None] = queue.Queue(_AHEAD)

    def fill() -> None:
        try:
            for block in blocks:
                if not _put(waiting, bytes(block), stop):
                    return
            _put(waiting, None, stop)
        except BaseException as error:  # handed to the thread that waits
            _put(waiting, error, stop)

    threading.Thread(target=fill, daemon=True, name="decompress").start()
    while (block := waiting.get()) is not None:
        if isinstance(block, BaseException):
            raise block
        yield block


def _put(
    waiting: queue.Queue[bytes | BaseException | None], item: bytes | BaseException | None, stop: threading.Event
) -> bool:
    while not stop.is_set():
        try:
            waiting.put(item, timeout=0.2)
        except queue.Full:
            continue
        return True
    return False


def _read_into(stream: IO[bytes], view: memoryview) -> int:
    if not len(view):
        return 0
    return int(stream.readinto(view) or 0)  # type: ignore[attr-defined]  # every binary stream has it, IO does not say so
