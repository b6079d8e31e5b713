"""Carry bytes between two streams until one side has nothing more to say."""

from __future__ import annotations

import asyncio
from contextlib import suppress

_CHUNK = 1 << 16

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def relay(one: Streams, other: Streams) -> None:
    """Both directions, until both have ended or one is broken; both are closed."""
    try:
        await asyncio.gather(_carry(one[0], other[1]), _carry(other[0], one[1]))
    except OSError:
        pass
    finally:
        one[1].close()
        other[1].close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    with suppress(OSError, NotImplementedError):
        writer.write_eof()
