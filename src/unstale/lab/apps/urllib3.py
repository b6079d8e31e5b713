"""urllib3 with its own pool manager: an application in Python that calls one `urllib3.PoolManager` from its threads.

Its pool keeps connections without a limit of time. It repeats by itself, three times and at once, what it could not
connect, and idempotent requests that were cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unstale.lab.apps_sources.library import Library, answer, trust
from unstale.lab.program import Answer, Load, Program


class Urllib3Client:
    """The pool manager that is given."""

    def __init__(self, load: Load, pools: Any) -> None:
        self._load = load
        self._pools = pools

    def exchange(self, url: str, headers: Mapping[str, str]) -> Answer:
        response = self._pools.request(self._load.method, url, body=self._load.body, headers=headers)
        return answer(response.status, response.data)

    def close(self) -> None:
        self._pools.clear()


def _plain(load: Load) -> Urllib3Client:
    import urllib3

    pools = urllib3.PoolManager(maxsize=load.pace.connections, timeout=load.timeout_s, ssl_context=trust(load))
    return Urllib3Client(load, pools)


_LIBRARY = Library(module="urllib3", make=_plain, failures="urllib3.exceptions:HTTPError")

APP = Program(send=_LIBRARY.send, prepare=_LIBRARY.prepare)
