"""requests with `FreshAdapter`: the same application as `requests`, whose connections follow DNS.

What unstale.clients.requests does with its defaults: DNS by its time to live, no request on a connection whose address
has left the answer, limits on age and idleness, one safe repeat, and dead peers noticed.
"""

from __future__ import annotations

from unstale.lab.apps.requests import RequestsClient
from unstale.lab.apps_sources.library import Library
from unstale.lab.program import Load, Program


def _fresh(load: Load) -> RequestsClient:
    from unstale.clients.requests import FreshAdapter

    return RequestsClient(load, FreshAdapter())


_LIBRARY = Library(module="requests", make=_fresh, failures="requests:RequestException")

APP = Program(send=_LIBRARY.send, prepare=_LIBRARY.prepare)
