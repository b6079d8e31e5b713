"""An adapter for requests that sends no request on a stale connection.

    session = requests.Session()
    session.mount("https://", FreshAdapter())

Options and exceptions are those of requests.adapters.HTTPAdapter. Connections through an HTTP proxy follow the policy
too; those through a SOCKS proxy are the library's own.
"""

from __future__ import annotations

from typing import Any

from requests.adapters import DEFAULT_POOLBLOCK, DEFAULT_POOLSIZE, DEFAULT_RETRIES, HTTPAdapter
from urllib3.util.retry import Retry

from unstale.clients.dns import Resolver
from unstale.clients.events import Listener, Metrics
from unstale.clients.policy import Policy
from unstale.clients.urllib3 import FreshPoolManager, FreshProxyManager


class FreshAdapter(HTTPAdapter):
    """requests.adapters.HTTPAdapter with a policy; pickled as that is, with settings and without connections."""

    __attrs__ = [*HTTPAdapter.__attrs__, "_policy", "_resolver", "_listener"]  # noqa: RUF012  # as the base has it

    def __init__(
        self,
        pool_connections: int = DEFAULT_POOLSIZE,
        pool_maxsize: int = DEFAULT_POOLSIZE,
        max_retries: Retry | int = DEFAULT_RETRIES,
        pool_block: bool = DEFAULT_POOLBLOCK,
        *,
        policy: Policy | None = None,
        resolver: Resolver | None = None,
        listener: Listener | None = None,
    ) -> None:
        self._policy = policy or Policy()
        self._resolver = resolver or Resolver()
        self._listener = listener
        super().__init__(pool_connections, pool_maxsize, max_retries, pool_block)

    @property
    def metrics(self) -> Metrics:
        """Counts since the adapter was made, without those of proxies."""
        manager: FreshPoolManager = self.poolmanager
        return manager.metrics

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = DEFAULT_POOLBLOCK, **pool_kwargs: Any
    ) -> None:
        self._pool_connections = connections
        self._pool_maxsize = maxsize
        self._pool_block = block
        self.poolmanager = FreshPoolManager(
            num_pools=connections, maxsize=maxsize, block=block, **self._fresh(), **pool_kwargs
        )

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        if proxy in self.proxy_manager or proxy.lower().startswith("socks"):
            return super().proxy_manager_for(proxy, **proxy_kwargs)
        manager = self.proxy_manager[proxy] = FreshProxyManager(
            proxy,
            proxy_headers=self.proxy_headers(proxy),
            num_pools=self._pool_connections,
            maxsize=self._pool_maxsize,
            block=self._pool_block,
            **self._fresh(),
            **proxy_kwargs,
        )
        return manager

    def _fresh(self) -> dict[str, Any]:
        return {"policy": self._policy, "resolver": self._resolver, "listener": self._listener}
