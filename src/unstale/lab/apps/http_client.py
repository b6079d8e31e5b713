"""Python's `http.client` over the system's own resolver, one thread a connection: what most Python programs do
underneath.

A connection is opened to the first address of the answer, kept as long as it works, and opened anew after an error.
"""

from __future__ import annotations

import functools
import http.client
import socket
import ssl

from unstale.lab.apps import FRESH_DNS, KEEP_ALIVE, SHORT_LIVED
from unstale.lab.names import Names
from unstale.lab.program import Answer, Load, Program
from unstale.lab.threads import send


class HttpClientConnection:
    """One `http.client` connection, over TLS where the load says so."""

    def __init__(self, load: Load, names: Names) -> None:
        self._load = load
        self._names = names
        self._body = load.body
        self._context = ssl.create_default_context(cafile=str(load.ca)) if load.ca else None
        self._http: http.client.HTTPConnection | None = None
        self._headers = {"host": load.authority, "user-agent": "unstale-lab", **load.headers}
        if load.habit.closes:
            self._headers["connection"] = "close"
        self.address = ""

    def exchange(self, request_id: str) -> Answer:
        connection = self._http or self._open()
        headers = {**self._headers, "x-request-id": request_id}
        connection.request(self._load.method, f"/orders/{request_id}", body=self._body, headers=headers)
        response = connection.getresponse()
        answer = Answer(status=response.status, body_bytes=len(response.read()))
        if response.will_close:
            # `http.client` would connect to the same address again; a program that calls by name looks it up.
            self.close()
        return answer

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None
            self.address = ""

    def _open(self) -> http.client.HTTPConnection:
        address = self._names.resolve()
        place = self._load.place(address)
        connection = http.client.HTTPConnection(*place, timeout=self._load.timeout_s)
        self._headers.update(self._load.destination(address))
        if self._context is not None:
            plain = socket.create_connection(place, timeout=self._load.timeout_s)
            try:
                connection.sock = self._context.wrap_socket(plain, server_hostname=self._load.host)
            except BaseException:
                plain.close()
                raise
        self._http, self.address = connection, address
        return connection


APP = Program(send=functools.partial(send, connect=HttpClientConnection), habits=(KEEP_ALIVE, SHORT_LIVED, FRESH_DNS))
