"""aiohttp with `FreshConnector`: the same application as `aiohttp`, whose connections follow DNS.

What unstale.clients.aiohttp does with its defaults: DNS by its time to live, no request on a connection whose address
has left the answer, limits on age and idleness, one safe repeat, and dead peers noticed.
"""

from __future__ import annotations

from unstale.lab.apps.aiohttp import AiohttpClient
from unstale.lab.apps_sources.library import Library
from unstale.lab.program import Load, Program


def _fresh(load: Load) -> AiohttpClient:
    from unstale.clients.aiohttp import FreshConnector

    return AiohttpClient(load, lambda tls: FreshConnector(ssl=tls))


_LIBRARY = Library(module="aiohttp", make=_fresh, failures="aiohttp:ClientError")

APP = Program(send=_LIBRARY.send, prepare=_LIBRARY.prepare)
