"""Envoy's admin interface on a port of the loopback, for a browser; inside it stays a unix socket."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from unstale.sidecar.handover import Address, listening
from unstale.sidecar.relay import relay


class AdminPort:
    """Carries connections at `address` to the unix socket `path`."""

    def __init__(self, address: Address, path: Path) -> None:
        self._address = address
        self._path = path
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen. Raises MachineError where the port is taken."""
        self._server = await asyncio.start_server(self._serve, sock=listening(self._address))

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await relay((reader, writer), await asyncio.open_unix_connection(str(self._path)))
            return
        writer.close()
