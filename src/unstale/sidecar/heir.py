"""End a process when this one ends, whatever ended it, where the kernel will not see to it.

A shell beside it reads from a line that nobody writes to; when we are gone the line is closed, and it kills.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

_SCRIPT = 'read line; kill -KILL "$0"'


class Heir:
    """One such shell."""

    def __init__(self, running: asyncio.subprocess.Process) -> None:
        self._running = running

    @classmethod
    async def of(cls, pid: int) -> Heir:
        """For the process `pid`."""
        running = await asyncio.create_subprocess_exec(
            *("sh", "-c", _SCRIPT, str(pid)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        return cls(running)

    async def dismiss(self) -> None:
        """The process has ended; its number may soon be another's."""
        with suppress(ProcessLookupError):
            self._running.kill()
        await self._running.wait()
