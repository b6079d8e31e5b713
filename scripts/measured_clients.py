"""The clients that `bench_clients.py` measures: each plain and with its adapter, with room for so many connections.

A library is imported when its client is made, so that a run of one does not carry the others.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager

PATIENCE_S = 30.0

Send = Callable[[], object]
SendAsync = Callable[[], Awaitable[object]]
Client = Callable[[str, bool, int], AbstractContextManager[Send]]
AsyncClient = Callable[[str, bool, int], AbstractAsyncContextManager[SendAsync]]


@contextlib.contextmanager
def httpx_client(url: str, is_fresh: bool, connections: int) -> Iterator[Send]:
    import httpx

    from unstale.clients.httpx import FreshTransport

    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    transport = FreshTransport(limits=limits) if is_fresh else httpx.HTTPTransport(limits=limits)
    with httpx.Client(transport=transport, timeout=PATIENCE_S) as client:
        yield lambda: client.get(url)


@contextlib.contextmanager
def httpx2_client(url: str, is_fresh: bool, connections: int) -> Iterator[Send]:
    import httpx2

    from unstale.clients.httpx2 import FreshTransport

    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
    transport = FreshTransport(limits=limits) if is_fresh else httpx2.HTTPTransport(limits=limits)
    with httpx2.Client(transport=transport, timeout=PATIENCE_S) as client:
        yield lambda: client.get(url)


@contextlib.contextmanager
def requests_client(url: str, is_fresh: bool, connections: int) -> Iterator[Send]:
    import requests

    from unstale.clients.requests import FreshAdapter

    kind = FreshAdapter if is_fresh else requests.adapters.HTTPAdapter
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", kind(pool_maxsize=connections))
        yield lambda: session.get(url, timeout=PATIENCE_S)


@contextlib.contextmanager
def urllib3_client(url: str, is_fresh: bool, connections: int) -> Iterator[Send]:
    import urllib3

    from unstale.clients.urllib3 import FreshPoolManager

    kind = FreshPoolManager if is_fresh else urllib3.PoolManager
    with kind(maxsize=connections, timeout=PATIENCE_S) as http:
        yield lambda: http.request("GET", url)


@contextlib.asynccontextmanager
async def httpx_async_client(url: str, is_fresh: bool, connections: int) -> AsyncIterator[SendAsync]:
    import httpx

    from unstale.clients.httpx import AsyncFreshTransport

    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    transport = AsyncFreshTransport(limits=limits) if is_fresh else httpx.AsyncHTTPTransport(limits=limits)
    async with httpx.AsyncClient(transport=transport, timeout=PATIENCE_S) as client:
        yield lambda: client.get(url)


@contextlib.asynccontextmanager
async def aiohttp_client(url: str, is_fresh: bool, connections: int) -> AsyncIterator[SendAsync]:
    import aiohttp

    from unstale.clients.aiohttp import FreshConnector

    kind = FreshConnector if is_fresh else aiohttp.TCPConnector
    async with aiohttp.ClientSession(connector=kind(limit=connections)) as session:

        async def send() -> bytes:
            async with session.get(url) as response:
                return await response.read()

        yield send


THREADED: dict[str, Client] = {
    "httpx": httpx_client,
    "httpx2": httpx2_client,
    "requests": requests_client,
    "urllib3": urllib3_client,
}
TASKED: dict[str, AsyncClient] = {"httpx-async": httpx_async_client, "aiohttp": aiohttp_client}
