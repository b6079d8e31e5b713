"""httpx with `FreshTransport`: the same application as `httpx`, whose connections follow DNS.

What unstale.clients.httpx does with its defaults: DNS by its time to live, no request on a connection whose address has
left the answer, limits on age and idleness, one safe repeat, and dead peers noticed.
"""

from __future__ import annotations

from unstale.lab.apps.httpx import HttpxClient
from unstale.lab.apps_sources.library import Library, trust
from unstale.lab.program import Load, Program


def _fresh(load: Load) -> HttpxClient:
    from unstale.clients.httpx import FreshTransport

    return HttpxClient(load, FreshTransport(verify=trust(load) or True))


_LIBRARY = Library(module="httpx", make=_fresh, failures="httpx:TransportError")

APP = Program(send=_LIBRARY.send, prepare=_LIBRARY.prepare)
