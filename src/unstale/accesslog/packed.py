"""Decompressors: gz through isal where it is installed, zst through zstandard."""

from __future__ import annotations

import gzip
import importlib
import zlib
from collections.abc import Iterator
from typing import IO, Any

from unstale.accesslog.blocks import BLOCK_BYTES, stream_blocks
from unstale.accesslog.sources import Packing
from unstale.accesslog.zst_frames import ZstFrames
from unstale.model.errors import InputError


def unpacked_blocks(stream: IO[bytes], packing: Packing, name: str) -> Iterator[bytes]:
    """Blocks of whole lines of a compressed stream.

    Raises InputError where the stream is damaged (what came before has been given), or a library is missing.
    """
    watched = _Watched(stream)
    reader = _gz(stream) if packing is Packing.GZ else _zst(watched, name)
    try:
        for block in stream_blocks(lambda view: int(reader.readinto(view))):
            yield bytes(block)
        if packing is Packing.ZST and not watched.frames.is_whole:
            raise EOFError("a frame is not complete")
    except _errors() as error:
        raise InputError(f"{name}: damaged or cut short ({error}). Give the whole file.") from error


class _Watched:
    """A stream that knows whether the zstd frames read from it were complete."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.frames = ZstFrames()

    def read(self, size: int = -1) -> bytes:
        """As the stream's own."""
        content = self._stream.read(size)
        self.frames.feed(content)
        return content


def _gz(stream: IO[bytes]) -> Any:
    try:
        igzip = importlib.import_module("isal.igzip")
    except ImportError:
        return gzip.GzipFile(fileobj=stream, mode="rb")
    return igzip.IGzipFile(fileobj=stream, mode="rb")


def _zst(stream: _Watched, name: str) -> Any:
    try:
        zstandard = importlib.import_module("zstandard")
    except ImportError as error:
        raise InputError(f"{name}: .zst needs zstandard. Install it with: pip install 'unstale[logs]'.") from error
    return zstandard.ZstdDecompressor().stream_reader(stream, read_size=BLOCK_BYTES, read_across_frames=True)


def _errors() -> tuple[type[Exception], ...]:
    found: list[type[Exception]] = [OSError, EOFError, zlib.error]
    for module, name in (("isal.isal_zlib", "IsalError"), ("zstandard", "ZstdError")):
        try:
            found.append(getattr(importlib.import_module(module), name))
        except (ImportError, AttributeError):
            continue
    return tuple(found)
