"""Notice edits of manifest files, and hand them on before they are finished.

Editors write a new file and rename it over the old one, or truncate and write in place; either way a reader can meet a
half-written file. So a state counts only when the files looked the same, and read the same, for a while. That while is
not spent waiting: what was read is handed on at once with the word still out whether it stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from unstale.istio.source import Source
from unstale.model.errors import InputError
from unstale.sidecar.manifests import Look, look, read_source, read_sources
from unstale.sidecar.watch import wake_ups

SETTLE_S = 0.015
"""Longer than an editor takes between emptying a file and filling it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The manifests in one state, or why they cannot be read; `stays` tells whether the state is a finished one."""

    content: tuple[Source, ...] | InputError
    stays: asyncio.Task[bool]


class Texts:
    """The files that `paths` name, each read again only when it looks another than when it was read."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)
        self._known: dict[Path, tuple[tuple[int, int, int], Source]] = {}
        self._fresh: tuple[Path, ...] = ()

    def look(self) -> Look:
        """What the files look like now."""
        return look(self.paths)

    def read(self, now: Look) -> tuple[Source, ...] | InputError:
        """The text of all files, which look like `now`."""
        try:
            if not now:
                return read_sources(self.paths)
            self._fresh = tuple(path for path, mark in now.items() if self._known.get(path, ((), None))[0] != mark)
            fresh = {path: (now[path], read_source(path)) for path in self._fresh}
        except InputError as error:
            self._known = {}
            return error
        self._known = {path: fresh.get(path) or self._known[path] for path in now}
        return tuple([source for _, source in self._known.values()])

    async def stay(self, now: Look, settle_s: float) -> bool:
        """Whether they still look and read so after `settle_s`.

        They are read once more because two writes within one tick of the kernel's clock leave the same look.
        """
        await asyncio.sleep(settle_s)
        if self.look() == now and all(self._reads_the_same()):
            return True
        for path in self._fresh:
            self._known.pop(path, None)
        return False

    def _reads_the_same(self) -> Iterator[bool]:
        for path in self._fresh:
            try:
                yield path not in self._known or read_source(path) == self._known[path][1]
            except InputError:
                yield False


async def edits(texts: Texts, *, seen: Look, settle_s: float = SETTLE_S) -> AsyncGenerator[Edition, None]:
    """Yield an edition whenever the files are in another state than in the last one that stayed.

    `seen` is the first one before; a state stays when it is the same after `settle_s`. A change and its undoing within
    that time go unnoticed.
    """
    async with aclosing(wake_ups(texts.paths)) as several:
        async for _ in several:
            while (now := texts.look()) != seen:
                content = texts.read(now)
                stays = asyncio.create_task(texts.stay(now, settle_s))
                try:
                    yield Edition(content=content, stays=stays)
                    if await stays:
                        seen = now
                finally:
                    stays.cancel()
