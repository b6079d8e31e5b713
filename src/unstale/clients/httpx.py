"""Transports for httpx that send no request on a stale connection.

    client = httpx.Client(transport=FreshTransport())
    client = httpx.AsyncClient(transport=AsyncFreshTransport(http2=True))

Options and exceptions are those of httpx.HTTPTransport. `limits.keepalive_expiry` and the policy's `max_idle_s` hold
both: the shorter one wins.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict

import httpx

from unstale.clients.dns import Resolver
from unstale.clients.events import Listener, Metrics
from unstale.clients.ledger import Ledger
from unstale.clients.policy import Policy
from unstale.clients.repeat import Broken, Story, may_repeat, may_repeat_async

if TYPE_CHECKING:
    import httpcore

DEFAULT_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)


class _PoolOptions(TypedDict):
    ssl_context: ssl.SSLContext
    proxy: httpcore.Proxy | None
    max_connections: int | None
    max_keepalive_connections: int | None
    keepalive_expiry: float | None
    http1: bool
    http2: bool


class FreshTransport(httpx.HTTPTransport):
    """httpx.HTTPTransport with a policy. `resolver` may be shared between transports."""

    def __init__(
        self,
        verify: ssl.SSLContext | str | bool = True,
        cert: str | tuple[str, str] | tuple[str, str, str] | None = None,
        trust_env: bool = True,
        http1: bool = True,
        http2: bool = False,
        limits: httpx.Limits = DEFAULT_LIMITS,
        proxy: httpx.Proxy | httpx.URL | str | None = None,
        uds: str | None = None,
        local_address: str | None = None,
        retries: int = 0,
        socket_options: Iterable[Any] | None = None,
        *,
        policy: Policy | None = None,
        resolver: Resolver | None = None,
        listener: Listener | None = None,
    ) -> None:
        from unstale.clients.httpcore import FreshBackend, FreshPool

        self._ledger = _ledger(policy, resolver, listener, limits)
        options = _pool_options(verify, cert, trust_env, http1, http2, limits, proxy)
        pool = FreshPool(
            network_backend=FreshBackend(self._ledger),
            uds=uds,
            local_address=local_address,
            retries=retries,
            socket_options=socket_options,
            **options,
        )
        pool.ledger = self._ledger
        pool.is_http2_only = http2 and not http1
        self._pool = pool

    @property
    def metrics(self) -> Metrics:
        """Counts since the transport was made."""
        return self._ledger.metrics

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return super().handle_request(request)
        except httpx.TransportError as error:
            return self._repeated(request, error)

    def _repeated(self, request: httpx.Request, error: httpx.TransportError) -> httpx.Response:
        story = _story(request)
        while (broken := _broken(error)) is not None and may_repeat(self._ledger, story, broken):
            try:
                return super().handle_request(request)
            except httpx.TransportError as again:
                error = again
        raise error


class AsyncFreshTransport(httpx.AsyncHTTPTransport):
    """httpx.AsyncHTTPTransport with a policy, for asyncio and trio. `resolver` may be shared between transports."""

    def __init__(
        self,
        verify: ssl.SSLContext | str | bool = True,
        cert: str | tuple[str, str] | tuple[str, str, str] | None = None,
        trust_env: bool = True,
        http1: bool = True,
        http2: bool = False,
        limits: httpx.Limits = DEFAULT_LIMITS,
        proxy: httpx.Proxy | httpx.URL | str | None = None,
        uds: str | None = None,
        local_address: str | None = None,
        retries: int = 0,
        socket_options: Iterable[Any] | None = None,
        *,
        policy: Policy | None = None,
        resolver: Resolver | None = None,
        listener: Listener | None = None,
    ) -> None:
        from unstale.clients.httpcore_async import AsyncFreshBackend, AsyncFreshPool

        self._ledger = _ledger(policy, resolver, listener, limits)
        options = _pool_options(verify, cert, trust_env, http1, http2, limits, proxy)
        pool = AsyncFreshPool(
            network_backend=AsyncFreshBackend(self._ledger),
            uds=uds,
            local_address=local_address,
            retries=retries,
            socket_options=socket_options,
            **options,
        )
        pool.ledger = self._ledger
        pool.is_http2_only = http2 and not http1
        self._pool = pool

    @property
    def metrics(self) -> Metrics:
        """Counts since the transport was made."""
        return self._ledger.metrics

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except httpx.TransportError as error:
            return await self._repeated(request, error)

    async def _repeated(self, request: httpx.Request, error: httpx.TransportError) -> httpx.Response:
        import anyio
        import anyio.to_thread

        story = _story(request)
        while (broken := _broken(error)) is not None and await may_repeat_async(
            self._ledger, story, broken, sleep=anyio.sleep, to_thread=anyio.to_thread.run_sync
        ):
            try:
                return await super().handle_async_request(request)
            except httpx.TransportError as again:
                error = again
        raise error


def _ledger(
    policy: Policy | None, resolver: Resolver | None, listener: Listener | None, limits: httpx.Limits
) -> Ledger:
    policy = policy or Policy()
    expiry_s = limits.keepalive_expiry
    if expiry_s is not None and (policy.max_idle_s is None or expiry_s < policy.max_idle_s):
        policy = replace(policy, max_idle_s=expiry_s)
    return Ledger(policy, resolver, listener)


def _pool_options(
    verify: ssl.SSLContext | str | bool,
    cert: str | tuple[str, str] | tuple[str, str, str] | None,
    trust_env: bool,
    http1: bool,
    http2: bool,
    limits: httpx.Limits,
    proxy: httpx.Proxy | httpx.URL | str | None,
) -> _PoolOptions:
    return _PoolOptions(
        ssl_context=httpx.create_ssl_context(verify=verify, cert=cert, trust_env=trust_env),
        proxy=None if proxy is None else _proxy(proxy),
        max_connections=limits.max_connections,
        max_keepalive_connections=limits.max_keepalive_connections,
        keepalive_expiry=limits.keepalive_expiry,
        http1=http1,
        http2=http2,
    )


def _proxy(proxy: httpx.Proxy | httpx.URL | str) -> httpcore.Proxy:
    import httpcore

    given = httpx.Proxy(url=proxy) if isinstance(proxy, (str, httpx.URL)) else proxy
    url = given.url
    return httpcore.Proxy(
        url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        auth=given.raw_auth,
        headers=given.headers.raw,
        ssl_context=given.ssl_context,
    )


def _story(request: httpx.Request) -> Story:
    return Story(
        request.method,
        has_idempotency_key="Idempotency-Key" in request.headers,
        is_replayable=isinstance(request.stream, httpx.ByteStream),
    )


def _broken(error: httpx.TransportError) -> Broken | None:
    from unstale.clients.httpcore_link import broken

    noted = broken.get()
    return noted[1] if noted is not None and noted[0] is error.__cause__ else None
