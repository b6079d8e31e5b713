"""Pool managers for urllib3 that send no request on a stale connection.

    http = FreshPoolManager()
    http = FreshProxyManager("http://proxy:3128")

Options and exceptions are those of urllib3.PoolManager and urllib3.ProxyManager. `retries` keeps its meaning; the one
safe repeat comes before it and is not counted by it.
"""

from __future__ import annotations

import contextlib
import errno
import http.client
import socket
import ssl
from collections.abc import Mapping
from typing import Any

import urllib3
import urllib3.connectionpool
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.response import BaseHTTPResponse
from urllib3.util.request import rewind_body, set_file_position
from urllib3.util.timeout import _DEFAULT_TIMEOUT, Timeout

from unstale.clients.dns import Resolver
from unstale.clients.events import Listener, Metrics
from unstale.clients.ledger import Ledger
from unstale.clients.policy import SAFE_METHODS, Cut, Policy, Retirement, is_sidecar_503
from unstale.clients.repeat import Broken, Story, may_repeat
from unstale.clients.tracked import Tracked
from unstale.clients.urllib3_connection import FreshConnection, FreshHTTPSConnection

FAILURES = (
    OSError,
    http.client.HTTPException,
    ProtocolError,
    NewConnectionError,
    ConnectTimeoutError,
    ReadTimeoutError,
    SSLError,
)


class _FreshPool(urllib3.connectionpool.HTTPConnectionPool):
    """Asks the ledger before a pooled connection is used and when it comes back; `ledger` is set by the manager."""

    ConnectionCls = FreshConnection
    ledger: Ledger

    def _new_conn(self) -> Any:
        connection: Any = super()._new_conn()
        connection.ledger = self.ledger
        return connection

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection: Any = super()._get_conn(timeout)
        tracked: Tracked | None = connection.tracked
        if tracked is not None:
            if self.ledger.needs_look_up(tracked):
                with contextlib.suppress(socket.gaierror):
                    self.ledger.resolver.addresses(tracked.host)
            if not self.ledger.claim(tracked):
                connection.close()
        return connection

    def _put_conn(self, conn: Any) -> None:
        tracked: Tracked | None = conn.tracked if conn is not None else None
        if tracked is not None and tracked.streams and not self.ledger.release(tracked):
            conn.close()
        super()._put_conn(conn)

    def _make_request(
        self,
        conn: Any,
        method: str,
        url: str,
        body: Any = None,
        headers: Any = None,
        retries: Any = None,
        timeout: Any = _DEFAULT_TIMEOUT,
        chunked: bool = False,
        response_conn: Any = None,
        preload_content: bool = True,
        decode_content: bool = True,
        enforce_content_length: bool = True,
    ) -> BaseHTTPResponse:
        # Written out, and handed on by position: packing and unpacking them costs a percent of a small request.
        rest = (retries, timeout, chunked, response_conn, preload_content, decode_content, enforce_content_length)
        body_at = set_file_position(body, None) if body is not None else None
        story: Story | None = None
        while True:
            tracked: Tracked | None = conn.tracked
            conn.begin(tracked, is_safe=body is None and method in SAFE_METHODS)
            try:
                response = super()._make_request(conn, method, url, body, headers, *rest)
            except FAILURES as error:
                broken = self._broken(conn, error)
                if broken is None:
                    raise
                story = story or _story(method, headers, body, body_at)
                if not may_repeat(self.ledger, story, broken):
                    raise
                conn.close()
            else:
                if (tracked := conn.carrier) is not None:
                    tracked.may_be_cut = False
                if tracked is None or not self._is_sidecar_503(response):
                    if tracked is not None and tracked.is_telling:
                        self.ledger.answered(tracked, response.headers.get("Keep-Alive"))
                    return response
                story = story or _story(method, headers, body, body_at)
                self.ledger.retire(tracked, Retirement.FAILED)
                broken = Broken(host=tracked.host, tracked=tracked, cut=Cut.SIDECAR_503)
                if not may_repeat(self.ledger, story, broken):
                    return response
                response.close()
                conn.close()
            self._prepare_again(conn, body, body_at, timeout)

    def _is_sidecar_503(self, response: BaseHTTPResponse) -> bool:
        if response.status != 503 or not self.ledger.policy.repeats_sidecar_503:
            return False
        headers = response.headers
        service_time = headers.get("x-envoy-upstream-service-time")
        return is_sidecar_503(503, self.scheme or "", headers.get("server"), service_time)

    def _prepare_again(self, conn: Any, body: Any, body_at: Any, timeout: Any) -> None:
        if body_at is not None:
            rewind_body(body, body_at)
        conn.timeout = Timeout.resolve_default_timeout(self._get_timeout(timeout).connect_timeout)
        if self.proxy is not None and self.scheme == "https" and not self._is_forwarding():
            self._prepare_proxy(conn)

    def _is_forwarding(self) -> bool:
        return self.proxy_config is not None and self.proxy_config.use_forwarding_for_https

    def _broken(self, conn: Any, error: Exception) -> Broken | None:
        tracked: Tracked | None = conn.carrier
        if tracked is not None:
            tracked.may_be_cut = False
        cut = _cut(error)
        if cut is None:
            return None
        if cut is Cut.UNANSWERED or isinstance(error, SSLError):
            cut = conn.how_far()
        if tracked is not None and cut is Cut.UNANSWERED and tracked.was_reused:
            self.ledger.closed_by_peer(tracked)
        elif tracked is not None:
            self.ledger.retire(tracked, Retirement.FAILED)
        host = tracked.host if tracked is not None else conn._dns_host
        return Broken(host=host, tracked=tracked, cut=cut)


class _FreshHTTPSPool(_FreshPool, urllib3.connectionpool.HTTPSConnectionPool):
    ConnectionCls = FreshHTTPSConnection


class _FreshPools(urllib3.PoolManager):
    """What the manager without and the manager with a proxy share."""

    ledger: Ledger

    @property
    def metrics(self) -> Metrics:
        """Counts since the manager was made."""
        return self.ledger.metrics

    def _new_pool(
        self, scheme: str, host: str, port: int, request_context: dict[str, Any] | None = None
    ) -> urllib3.HTTPConnectionPool:
        pool = super()._new_pool(scheme, host, port, request_context)
        # A pool class of the user's own, put into `pool_classes_by_scheme`, stays as it is.
        if isinstance(pool, _FreshPool):
            pool.ledger = self.ledger
        return pool


class FreshPoolManager(_FreshPools):
    """urllib3.PoolManager with a policy. `resolver` may be shared between managers."""

    def __init__(
        self,
        num_pools: int = 10,
        headers: Mapping[str, str] | None = None,
        *,
        policy: Policy | None = None,
        resolver: Resolver | None = None,
        listener: Listener | None = None,
        **connection_pool_kw: Any,
    ) -> None:
        super().__init__(num_pools, headers, **connection_pool_kw)
        self.pool_classes_by_scheme = {"http": _FreshPool, "https": _FreshHTTPSPool}
        self.ledger = Ledger(policy, resolver, listener)


class FreshProxyManager(_FreshPools, urllib3.ProxyManager):
    """urllib3.ProxyManager with a policy, which holds for the connections to the proxy."""

    def __init__(
        self,
        proxy_url: str,
        num_pools: int = 10,
        headers: Mapping[str, str] | None = None,
        proxy_headers: Mapping[str, str] | None = None,
        *,
        policy: Policy | None = None,
        resolver: Resolver | None = None,
        listener: Listener | None = None,
        **connection_pool_kw: Any,
    ) -> None:
        super().__init__(proxy_url, num_pools, headers, proxy_headers, **connection_pool_kw)
        self.pool_classes_by_scheme = {"http": _FreshPool, "https": _FreshHTTPSPool}
        self.ledger = Ledger(policy, resolver, listener)


def _cut(error: Exception) -> Cut | None:
    if isinstance(error, ProxyError):
        return None
    if isinstance(error, (NewConnectionError, NameResolutionError)):
        return Cut.NEVER_SENT
    if isinstance(error, SSLError):
        # Cut within the handshake. A certificate does not become right by asking again.
        return Cut.NEVER_SENT if isinstance(error.args[0], (ssl.SSLEOFError, ssl.SSLZeroReturnError)) else None
    if isinstance(error, ConnectTimeoutError):
        return Cut.CONNECT_TIMED_OUT
    if isinstance(error, ReadTimeoutError):
        # TCP_USER_TIMEOUT and keepalive end a connection with ETIMEDOUT; a time-out of the library's has no errno.
        cause = error.__cause__
        return Cut.UNANSWERED if isinstance(cause, OSError) and cause.errno == errno.ETIMEDOUT else None
    if isinstance(error, (http.client.RemoteDisconnected, ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return Cut.UNANSWERED
    if isinstance(error, OSError) and error.errno == errno.ETIMEDOUT:
        return Cut.UNANSWERED
    return Cut.ANSWERED if isinstance(error, http.client.HTTPException) else None


def _story(method: str, headers: Any, body: object, body_at: object) -> Story:
    names = {str(name).lower() for name in headers or ()}
    return Story(
        method,
        has_idempotency_key="idempotency-key" in names,
        is_replayable=body is None or isinstance(body, (bytes, str)) or isinstance(body_at, int),
    )
