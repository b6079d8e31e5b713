"""Ask Envoy's admin interface over its unix socket.

Standard library only: no client that would take a proxy from the environment or pool connections beside the measured
ones. One request, one connection.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from unstale.model.errors import ProxyError

_TIMEOUT_S = 10.0


class Admin:
    """Envoy's admin interface at the unix socket `path`. Every method raises ProxyError where Envoy does not answer."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def is_ready(self) -> bool:
        """Whether Envoy is LIVE: initialised and not draining. False also while nobody listens yet."""
        try:
            status, body = await self._exchange("GET", "/ready")
        except ProxyError:
            return False
        return status == 200 and body.strip() == b"LIVE"

    async def stats(self, pattern: str = "") -> dict[str, int]:
        """Counters and gauges by name, those that the regular expression `pattern` finds; histograms are left out."""
        answer = json.loads(await self._get("/stats", {"format": "json", "filter": pattern}))
        return {row["name"]: row["value"] for row in answer["stats"] if isinstance(row.get("value"), int)}

    async def clusters(self) -> dict[str, Any]:
        """Every cluster with its hosts, as Envoy's `/clusters?format=json`."""
        return _object(await self._get("/clusters", {"format": "json"}))

    async def config_dump(self, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The configuration in force, as Envoy's `/config_dump`."""
        return _object(await self._get("/config_dump", query or {}))

    async def drain(self) -> None:
        """Let requests end and ask clients to leave; new connections are still served."""
        await self._call("POST", "/drain_listeners?graceful&skip_exit")

    async def _get(self, path: str, query: Mapping[str, str]) -> bytes:
        words = urlencode({name: value for name, value in query.items() if value})
        return await self._call("GET", f"{path}?{words}" if words else path)

    async def _call(self, method: str, target: str) -> bytes:
        status, body = await self._exchange(method, target)
        if status != 200:
            raise ProxyError(f"{self.path}: Envoy's admin refused {target} ({status} {body[:200]!r}).")
        return body

    async def _exchange(self, method: str, target: str) -> tuple[int, bytes]:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                return await self._talk(method, target)
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError) as error:
            reason = str(error) or type(error).__name__
            raise ProxyError(f"{self.path}: Envoy's admin does not answer ({reason}).") from error

    async def _talk(self, method: str, target: str) -> tuple[int, bytes]:
        reader, writer = await asyncio.open_unix_connection(str(self.path))
        try:
            writer.write(
                f"{method} {target} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            status_line, _, rest = head.decode("latin-1").partition("\r\n")
            headers = {
                name.strip().lower(): value.strip()
                for name, _, value in (line.partition(":") for line in rest.split("\r\n"))
            }
            return int(status_line.partition(" ")[2][:3]), await _body(reader, headers)
        finally:
            writer.close()


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _chunks(reader)
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    return await reader.read()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    return b"".join(parts)


def _object(text: bytes) -> dict[str, Any]:
    answer = json.loads(text)
    if not isinstance(answer, dict):
        raise ProxyError(f"Envoy's admin: not an object ({text[:80]!r}).")
    return answer
