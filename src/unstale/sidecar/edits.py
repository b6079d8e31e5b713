"""Notice edits of manifest files once they are finished.

Editors write a new file and rename it over the old one, or truncate and write in place; either way a reader can meet a
half-written file. A change is reported only when two looks in a row saw the same files with the same sizes, times and
inodes, and the text is read between two such looks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

from unstale.istio.source import Source
from unstale.model.errors import InputError
from unstale.sidecar.manifests import Look, look, read_sources
from unstale.sidecar.watch import wake_ups

SETTLE_S = 0.015
"""Longer than an editor takes between emptying a file and filling it."""


async def edits(
    paths: Sequence[Path], *, seen: Look, settle_s: float = SETTLE_S
) -> AsyncGenerator[tuple[Source, ...] | InputError, None]:
    """Yield the manifests, or why they cannot be read, whenever they settled in another state than the one before.

    `seen` is the first one before; a state is settled when it stays for `settle_s`. A change and its undoing within
    that time go unnoticed.
    """
    async with aclosing(wake_ups(paths)) as several:
        async for _ in several:
            now = await _settled(paths, settle_s)
            while now != seen:
                content = _attempt(paths)
                if look(paths) == now:
                    seen = now
                    yield content
                now = await _settled(paths, settle_s)


async def _settled(paths: Sequence[Path], settle_s: float) -> Look:
    now = look(paths)
    while True:
        await asyncio.sleep(settle_s)
        last, now = now, look(paths)
        if now == last:
            return now


def _attempt(paths: Sequence[Path]) -> tuple[Source, ...] | InputError:
    try:
        return read_sources(paths)
    except InputError as error:
        return error
