"""requests with its own adapter: an application in Python that calls one `requests.Session` from its threads.

Its pool keeps ten connections without a limit of time and asks DNS for each new one; nothing is repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unstale.lab.apps_sources.library import Library, answer
from unstale.lab.program import Answer, Load, Program


class RequestsClient:
    """requests.Session over the adapter that is given."""

    def __init__(self, load: Load, adapter: Any) -> None:
        import requests

        self._load = load
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(load.ca) if load.ca else True
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def exchange(self, url: str, headers: Mapping[str, str]) -> Answer:
        response = self._session.request(
            self._load.method, url, data=self._load.body, headers=dict(headers), timeout=self._load.timeout_s
        )
        return answer(response.status_code, response.content)

    def close(self) -> None:
        self._session.close()


def _plain(load: Load) -> RequestsClient:
    from requests.adapters import HTTPAdapter

    return RequestsClient(load, HTTPAdapter())


_LIBRARY = Library(module="requests", make=_plain, failures="requests:RequestException")

APP = Program(send=_LIBRARY.send, prepare=_LIBRARY.prepare)
