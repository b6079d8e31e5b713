"""aiohttp with its own connector: an application in Python with one `aiohttp.ClientSession` on an event loop.

It keeps idle connections fifteen seconds and DNS answers ten, whatever their time to live. It repeats by itself, once
and at once, an idempotent request whose reused connection was cut.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any

from unstale.lab.apps_sources.library import Library, answer, trust
from unstale.lab.program import Answer, Load, Program


class AiohttpClient:
    """aiohttp.ClientSession on a loop of its own; each thread of the load waits for its task."""

    def __init__(self, load: Load, connector: Callable[[Any], Any]) -> None:
        self._load = load
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._session = self._run(self._open(connector))

    def exchange(self, url: str, headers: Mapping[str, str]) -> Answer:
        got: Answer = self._run(self._exchange(url, headers))
        return got

    def close(self) -> None:
        self._run(self._session.close())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _open(self, connector: Callable[[Any], Any]) -> Any:
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=self._load.timeout_s)
        return aiohttp.ClientSession(connector=connector(trust(self._load) or True), timeout=timeout)

    async def _exchange(self, url: str, headers: Mapping[str, str]) -> Answer:
        load = self._load
        async with self._session.request(load.method, url, data=load.body, headers=headers) as response:
            return answer(response.status, await response.read())


def _plain(load: Load) -> AiohttpClient:
    import aiohttp

    return AiohttpClient(load, lambda tls: aiohttp.TCPConnector(ssl=tls))


_LIBRARY = Library(module="aiohttp", make=_plain, failures="aiohttp:ClientError")

APP = Program(send=_LIBRARY.send, prepare=_LIBRARY.prepare)
