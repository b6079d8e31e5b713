"""httpx with its own transport: an application in Python that calls `httpx.Client().request` from its threads.

It keeps idle connections five seconds and asks DNS for each new one. What breaks in a connection breaks for the
caller: httpx repeats nothing but connecting, and that only where it is told to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unstale.lab.apps_sources.library import Library, answer, trust
from unstale.lab.program import Answer, Load, Program


class HttpxClient:
    """httpx.Client over the transport that is given."""

    def __init__(self, load: Load, transport: Any) -> None:
        import httpx

        self._load = load
        self._client = httpx.Client(transport=transport, timeout=load.timeout_s, trust_env=False)

    def exchange(self, url: str, headers: Mapping[str, str]) -> Answer:
        response = self._client.request(self._load.method, url, content=self._load.body, headers=headers)
        return answer(response.status_code, response.content)

    def close(self) -> None:
        self._client.close()


def _plain(load: Load) -> HttpxClient:
    import httpx

    return HttpxClient(load, httpx.HTTPTransport(verify=trust(load) or True))


_LIBRARY = Library(module="httpx", make=_plain, failures="httpx:TransportError")

APP = Program(send=_LIBRARY.send, prepare=_LIBRARY.prepare)
