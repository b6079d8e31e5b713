"""A pytest plugin that puts the adapter in the place of a library's own transport: `-p fresh_transport`.

The library is named in UNSTALE_SUITE. The plugin is loaded before the tests are, so what they import is the adapter;
with UNSTALE_SUITE_PLAIN=1 nothing is replaced, for the comparison.
"""

from __future__ import annotations

import os
from typing import Any


def _httpx() -> None:
    import httpx
    import httpx._client

    from unstale.clients.httpx import AsyncFreshTransport, FreshTransport

    _everywhere(FreshTransport, "HTTPTransport", httpx, httpx._client)
    _everywhere(AsyncFreshTransport, "AsyncHTTPTransport", httpx, httpx._client)


def _requests() -> None:
    import requests.adapters
    import requests.sessions

    from unstale.clients.requests import FreshAdapter

    _everywhere(FreshAdapter, "HTTPAdapter", requests.adapters, requests.sessions)


def _urllib3() -> None:
    import urllib3
    import urllib3.poolmanager

    from unstale.clients.urllib3 import FreshPoolManager, FreshProxyManager

    _everywhere(FreshPoolManager, "PoolManager", urllib3, urllib3.poolmanager)
    _everywhere(FreshProxyManager, "ProxyManager", urllib3, urllib3.poolmanager)


def _aiohttp() -> None:
    import aiohttp
    import aiohttp.client
    import aiohttp.connector

    from unstale.clients.aiohttp import FreshConnector

    _everywhere(FreshConnector, "TCPConnector", aiohttp, aiohttp.client, aiohttp.connector)


def _everywhere(adapter: type, name: str, *modules: Any) -> None:
    for module in modules:
        setattr(module, name, adapter)


if not os.environ.get("UNSTALE_SUITE_PLAIN"):
    {"httpx": _httpx, "requests": _requests, "urllib3": _urllib3, "aiohttp": _aiohttp}[os.environ["UNSTALE_SUITE"]]()
