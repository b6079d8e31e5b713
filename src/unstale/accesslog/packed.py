"""Decompressors: gz through isal where it is installed, zst through zstandard."""

from __future__ import annotations

import gzip
import importlib
import zlib
from collections.abc import Iterator
from typing import IO, Any

from unstale.accesslog.blocks import stream_blocks
from unstale.accesslog.sources import Packing
from unstale.accesslog.zst_frames import ZstFrames
from unstale.model.errors import InputError

_READ_BYTES = 128 << 10


def unpacked_blocks(stream: IO[bytes], packing: Packing, name: str) -> Iterator[memoryview]:
    """Blocks of whole lines of a compressed stream. A block is valid until the next one is asked for.

    Raises InputError where the stream is damaged (what came before has been given), or a library is missing.
    """
    watched = _Watched(stream)
    reader = _gz(stream) if packing is Packing.GZ else _zst(watched, name)
    try:
        yield from stream_blocks(lambda view: int(reader.readinto(view)))
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


class _Members:
    """The members of a gz stream through isal, which checks their sums; its own file object copies every byte twice."""

    def __init__(self, stream: IO[bytes], library: Any) -> None:
        self._stream = stream
        self._library = library
        self._member = self._next()

    def _next(self) -> Any:
        return self._library.IgzipDecompressor(flag=self._library.DECOMP_GZIP)

    def readinto(self, view: memoryview) -> int:
        """Fill the view as far as it goes at once; 0 at the end."""
        content = b""
        while not content:
            packed = b""
            if self._member.eof:
                packed = self._after(self._member.unused_data)
                if not packed:
                    return 0
                self._member = self._next()
            elif self._member.needs_input:
                packed = self._stream.read(_READ_BYTES)
                if not packed:
                    raise EOFError("the last member is not complete")
            content = self._member.decompress(packed, len(view))
        view[: len(content)] = content
        return len(content)

    def _after(self, packed: bytes) -> bytes:
        """What follows a member, without the zeros that may fill up a block; b"" at the end."""
        while not (left := packed.lstrip(b"\0")):
            packed = self._stream.read(_READ_BYTES)
            if not packed:
                return b""
        return left


def _gz(stream: IO[bytes]) -> Any:
    try:
        return _Members(stream, importlib.import_module("isal.igzip_lib"))
    except ImportError:
        return gzip.GzipFile(fileobj=stream, mode="rb")


def _zst(stream: _Watched, name: str) -> Any:
    try:
        zstandard = importlib.import_module("zstandard")
    except ImportError as error:
        raise InputError(f"{name}: .zst needs zstandard. Install it with: pip install 'unstale[logs]'.") from error
    return zstandard.ZstdDecompressor().stream_reader(stream, read_size=_READ_BYTES, read_across_frames=True)


def _errors() -> tuple[type[Exception], ...]:
    found: list[type[Exception]] = [OSError, EOFError, zlib.error]
    for module, name in (("isal.isal_zlib", "IsalError"), ("isal.igzip_lib", "IsalError"), ("zstandard", "ZstdError")):
        try:
            found.append(getattr(importlib.import_module(module), name))
        except (ImportError, AttributeError):
            continue
    return tuple(found)
