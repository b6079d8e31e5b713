"""Transports for httpx that send no request on a stale connection.

    client = httpx.Client(transport=FreshTransport())
    client = httpx.AsyncClient(transport=FreshTransport(http2=True))

Options and exceptions are those of httpx.HTTPTransport. `limits.keepalive_expiry` and the policy's `max_idle_s` hold
both: the shorter one wins. One transport serves a client of either kind; the two have a pool each and one ledger.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any

import httpx

from unstale.clients.dns import Resolver
from unstale.clients.events import Listener, Metrics
from unstale.clients.ledger import Ledger
from unstale.clients.policy import Policy
from unstale.clients.transport import ledger_of, repeated, repeated_async, story_of

DEFAULT_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)


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
        super().__init__(
            verify, cert, trust_env, http1, http2, limits, proxy, uds, local_address, retries, socket_options
        )
        self._take(ledger_of(policy, resolver, listener, limits.keepalive_expiry), http1=http1, http2=http2)

    def _take(self, ledger: Ledger, *, http1: bool, http2: bool) -> None:
        from unstale.clients.engine_async import freshen
        from unstale.clients.httpcore import ENGINE

        self._ledger = ledger
        freshen(self._pool, ENGINE, ledger, is_http2_only=http2 and not http1)

    @property
    def metrics(self) -> Metrics:
        """Counts since the transport was made."""
        return self._ledger.metrics

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        send = super().handle_async_request
        outcome: httpx.Response | httpx.TransportError
        try:
            outcome = response = await send(request)
            if response.status_code != 503:
                return response
        except httpx.TransportError as error:
            outcome = error
        story = story_of(request, is_replayable=isinstance(request.stream, httpx.ByteStream))
        return await repeated_async(self._ledger, story, lambda: send(request), outcome, httpx.TransportError)


class FreshTransport(httpx.HTTPTransport, httpx.AsyncBaseTransport):
    """httpx.HTTPTransport with a policy, for both kinds of client. `resolver` may be shared between transports."""

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
        from unstale.clients.engine_sync import freshen
        from unstale.clients.httpcore import ENGINE

        options = (verify, cert, trust_env, http1, http2, limits, proxy, uds, local_address, retries, socket_options)
        super().__init__(*options)
        self._ledger = ledger_of(policy, resolver, listener, limits.keepalive_expiry)
        self._async_options = options
        self._async: AsyncFreshTransport | None = None
        freshen(self._pool, ENGINE, self._ledger, is_http2_only=http2 and not http1)

    @property
    def metrics(self) -> Metrics:
        """Counts since the transport was made."""
        return self._ledger.metrics

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        send = super().handle_request
        outcome: httpx.Response | httpx.TransportError
        try:
            outcome = response = send(request)
            if response.status_code != 503:
                return response
        except httpx.TransportError as error:
            outcome = error
        story = story_of(request, is_replayable=isinstance(request.stream, httpx.ByteStream))
        return repeated(self._ledger, story, lambda: send(request), outcome, httpx.TransportError)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._async is None:
            self._async = AsyncFreshTransport(*self._async_options, policy=self._ledger.policy)
            self._async._take(self._ledger, http1=self._async_options[3], http2=self._async_options[4])
        return await self._async.handle_async_request(request)

    async def aclose(self) -> None:
        if self._async is not None:
            await self._async.aclose()
