"""urllib3 with `FreshPoolManager`: the same application as `urllib3`, whose connections follow DNS.

What unstale.clients.urllib3 does with its defaults: DNS by its time to live, no request on a connection whose address
has left the answer, limits on age and idleness, one safe repeat, and dead peers noticed.
"""

from __future__ import annotations

from unstale.lab.apps.urllib3 import Urllib3Client
from unstale.lab.apps_sources.library import Library, trust
from unstale.lab.program import Load, Program


def _fresh(load: Load) -> Urllib3Client:
    from unstale.clients.urllib3 import FreshPoolManager

    pools = FreshPoolManager(maxsize=load.pace.connections, timeout=load.timeout_s, ssl_context=trust(load))
    return Urllib3Client(load, pools)


_LIBRARY = Library(module="urllib3", make=_fresh, failures="urllib3.exceptions:HTTPError")

APP = Program(send=_LIBRARY.send, prepare=_LIBRARY.prepare)
