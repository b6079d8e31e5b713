"""The adapters, and the plain libraries beside them, behind one blocking interface."""

from __future__ import annotations

import asyncio
import ssl
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import aiohttp
import httpx
import httpx2
import requests
import urllib3

from unstale.clients.aiohttp import FreshConnector
from unstale.clients.dns import Resolver
from unstale.clients.httpx import AsyncFreshTransport, FreshTransport
from unstale.clients.httpx2 import FreshTransport as Fresh2Transport
from unstale.clients.ledger import Ledger
from unstale.clients.policy import Policy
from unstale.clients.requests import FreshAdapter
from unstale.clients.urllib3 import FreshPoolManager, FreshProxyManager

T = TypeVar("T")
TIMEOUT_S = 5.0


class Driver(ABC):
    """`failures` are what the library raises when an exchange fails, `timeouts` when it waits too long."""

    failures: tuple[type[Exception], ...]
    timeouts: tuple[type[Exception], ...]
    ledger: Ledger

    @abstractmethod
    def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> str:
        """The body of the answer."""

    @abstractmethod
    def close(self) -> None: ...

    def get(self, url: str, timeout_s: float = TIMEOUT_S) -> str:
        return self.send("GET", url, timeout_s=timeout_s)

    def post(self, url: str, headers: Mapping[str, str] | None = None) -> str:
        return self.send("POST", url, body=b"amount=1", headers=headers)

    def many(self, count: int, url: str) -> list[str]:
        """So many GETs, eight at a time."""
        with ThreadPoolExecutor(8) as threads:
            return list(threads.map(lambda _: self.get(url), range(count)))


class Asked:
    """What a driver is made with."""

    def __init__(
        self,
        *,
        resolver: Resolver | None = None,
        policy: Policy | None = None,
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
        is_plain: bool = False,
    ) -> None:
        self.resolver = resolver
        self.policy = policy
        self.tls = tls
        self.proxy = proxy
        self.is_plain = is_plain


class HttpxDriver(Driver):
    failures: tuple[type[Exception], ...] = (httpx.NetworkError, httpx.RemoteProtocolError)
    timeouts: tuple[type[Exception], ...] = (httpx.TimeoutException,)

    def __init__(self, asked: Asked) -> None:
        self._client: Any
        verify = asked.tls or True
        if asked.is_plain:
            self._client = httpx.Client(transport=httpx.HTTPTransport(verify=verify, proxy=asked.proxy))
            return
        transport = FreshTransport(verify=verify, proxy=asked.proxy, policy=asked.policy, resolver=asked.resolver)
        self.ledger = transport._ledger
        self._client = httpx.Client(transport=transport)

    def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> str:
        return str(self._client.request(method, url, content=body, headers=headers, timeout=timeout_s).text)

    def close(self) -> None:
        self._client.close()


class Httpx2Driver(HttpxDriver):
    failures = (httpx2.NetworkError, httpx2.RemoteProtocolError)
    timeouts = (httpx2.TimeoutException,)

    def __init__(self, asked: Asked) -> None:
        verify = asked.tls or True
        if asked.is_plain:
            self._client = httpx2.Client(transport=httpx2.HTTPTransport(verify=verify, proxy=asked.proxy))
            return
        transport = Fresh2Transport(verify=verify, proxy=asked.proxy, policy=asked.policy, resolver=asked.resolver)
        self.ledger = transport._ledger
        self._client = httpx2.Client(transport=transport)


class Looped(Driver):
    """A driver with an event loop of its own, which stands still between two calls."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def many(self, count: int, url: str) -> list[str]:
        async def one(turn: asyncio.Semaphore) -> str:
            async with turn:
                return await self.send_async("GET", url, None, None, TIMEOUT_S)

        async def all_of_them() -> list[str]:
            turn = asyncio.Semaphore(8)
            return await asyncio.gather(*(one(turn) for _ in range(count)))

        return self.run(all_of_them())

    @abstractmethod
    async def send_async(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str] | None, timeout_s: float
    ) -> str: ...

    def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> str:
        return self.run(self.send_async(method, url, body, headers, timeout_s))


class AsyncHttpxDriver(Looped):
    failures: tuple[type[Exception], ...] = HttpxDriver.failures
    timeouts: tuple[type[Exception], ...] = HttpxDriver.timeouts

    def __init__(self, asked: Asked, *, http2: bool = False) -> None:
        super().__init__()
        self._client: Any
        verify = asked.tls or True
        if asked.is_plain:
            plain = httpx.AsyncHTTPTransport(verify=verify, proxy=asked.proxy, http2=http2)
            self._client = httpx.AsyncClient(transport=plain)
            return
        transport = AsyncFreshTransport(
            verify=verify, proxy=asked.proxy, http2=http2, policy=asked.policy, resolver=asked.resolver
        )
        self.ledger = transport._ledger
        self._client = httpx.AsyncClient(transport=transport)

    async def send_async(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str] | None, timeout_s: float
    ) -> str:
        answer = await self._client.request(method, url, content=body, headers=headers, timeout=timeout_s)
        return str(answer.text)

    def close(self) -> None:
        self.run(self._client.aclose())
        self.runner.close()


class AsyncHttpx2Driver(AsyncHttpxDriver):
    """With the transport for both kinds of client."""

    failures = Httpx2Driver.failures
    timeouts = Httpx2Driver.timeouts

    def __init__(self, asked: Asked, *, http2: bool = False) -> None:
        Looped.__init__(self)
        verify = asked.tls or True
        if asked.is_plain:
            plain = httpx2.AsyncHTTPTransport(verify=verify, proxy=asked.proxy, http2=http2)
            self._client = httpx2.AsyncClient(transport=plain)
            return
        transport = Fresh2Transport(
            verify=verify, proxy=asked.proxy, http2=http2, policy=asked.policy, resolver=asked.resolver
        )
        self.ledger = transport._ledger
        self._client = httpx2.AsyncClient(transport=transport)


class AiohttpDriver(Looped):
    failures = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)
    timeouts = (asyncio.TimeoutError,)

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self._asked = asked
        self._session = self.run(self._open())

    async def _open(self) -> aiohttp.ClientSession:
        tls = self._asked.tls or True
        if self._asked.is_plain:
            return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls))
        connector = FreshConnector(ssl=tls, policy=self._asked.policy, resolver=self._asked.resolver)
        self.ledger = connector.ledger
        return aiohttp.ClientSession(connector=connector)

    async def send_async(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str] | None, timeout_s: float
    ) -> str:
        timeout = aiohttp.ClientTimeout(total=None, sock_read=timeout_s)
        async with self._session.request(
            method, url, data=body, headers=headers, timeout=timeout, proxy=self._asked.proxy
        ) as response:
            return await response.text()

    def close(self) -> None:
        self.run(self._session.close())
        self.runner.close()


class Urllib3Driver(Driver):
    failures = (urllib3.exceptions.ProtocolError, urllib3.exceptions.NewConnectionError, urllib3.exceptions.ProxyError)
    timeouts = (urllib3.exceptions.TimeoutError,)

    def __init__(self, asked: Asked) -> None:
        self._pools: urllib3.PoolManager
        if asked.is_plain:
            self._pools = urllib3.PoolManager(retries=False, ssl_context=asked.tls)
            return
        fresh: FreshPoolManager | FreshProxyManager
        if asked.proxy:
            fresh = FreshProxyManager(
                asked.proxy, retries=False, ssl_context=asked.tls, policy=asked.policy, resolver=asked.resolver
            )
        else:
            fresh = FreshPoolManager(retries=False, ssl_context=asked.tls, policy=asked.policy, resolver=asked.resolver)
        self.ledger = fresh.ledger
        self._pools = fresh

    def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> str:
        return self._pools.request(method, url, body=body, headers=headers, timeout=timeout_s).data.decode()

    def close(self) -> None:
        self._pools.clear()


class _TlsAdapter(FreshAdapter):
    """requests takes no SSL context, its pools do."""

    def __init__(self, asked: Asked) -> None:
        self._tls = {} if asked.tls is None else {"ssl_context": asked.tls}
        super().__init__(policy=asked.policy, resolver=asked.resolver)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs, **self._tls)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **proxy_kwargs, **self._tls)


class RequestsDriver(Driver):
    failures = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
    timeouts = (requests.Timeout,)

    def __init__(self, asked: Asked) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        if asked.proxy:
            self._session.proxies = {"http": asked.proxy, "https": asked.proxy}
        if asked.is_plain:
            return
        adapter = _TlsAdapter(asked)
        manager = adapter.proxy_manager_for(asked.proxy) if asked.proxy else adapter.poolmanager
        self.ledger = manager.ledger
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> str:
        answer = self._session.request(method, url, data=body, headers=dict(headers or {}), timeout=timeout_s)
        return str(answer.text)

    def close(self) -> None:
        self._session.close()


DRIVERS: dict[str, type[HttpxDriver | AsyncHttpxDriver | AiohttpDriver | Urllib3Driver | RequestsDriver]] = {
    "httpx": HttpxDriver,
    "httpx-async": AsyncHttpxDriver,
    "httpx2": Httpx2Driver,
    "httpx2-async": AsyncHttpx2Driver,
    "requests": RequestsDriver,
    "urllib3": Urllib3Driver,
    "aiohttp": AiohttpDriver,
}
