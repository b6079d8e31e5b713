"""Where another terminal asks a running sidecar how it is: one connection, one JSON object."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from unstale.model.errors import MachineError

_TIMEOUT_S = 15.0


class ReportSocket:
    """Answers every connection at the unix socket `path` with what `report` gives."""

    def __init__(self, path: Path, report: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        self._path = path
        self._report = report
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen, for the owner only."""
        self._server = await asyncio.start_unix_server(self._serve, str(self._path))
        self._path.chmod(0o600)

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            writer.write(json.dumps(await self._report()).encode())
            await writer.drain()
        writer.close()


async def ask(path: Path) -> dict[str, Any]:
    """What the sidecar at `path` reports. Raises MachineError where it does not answer."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            reader, writer = await asyncio.open_unix_connection(str(path))
            try:
                answer = json.loads(await reader.read())
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError) as error:
        raise MachineError(f"{path}: the sidecar does not answer ({error or type(error).__name__}).") from error
    assert isinstance(answer, dict)
    return answer
