"""A node's side of one HTTP/1.1 connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import h11

from unstale.lab.connection_life import ConnectionLife, reset

if TYPE_CHECKING:
    from unstale.lab.behaviour import Behaviour
    from unstale.lab.nodes import Nodes

TAKES_HEADER = b"x-lab-takes-s"
"""The application's wish for how long the server works on a request, seconds."""

_WRONG_VERSION = b"HTTP/1.1 505 HTTP Version Not Supported\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
"""The answer to HTTP/2's preface, which reads as a request `PRI * HTTP/2.0` (RFC 9113, 3.4)."""


class Http1Connection(asyncio.Protocol):
    """One accepted connection to `address`."""

    def __init__(self, nodes: Nodes, address: str) -> None:
        self._nodes = nodes
        self._address = address
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=64 * 1024)
        self._request: h11.Request | None = None
        self._transport: asyncio.Transport | None = None
        self._life: ConnectionLife | None = None
        self._is_leaving = False
        self._is_refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._life = ConnectionLife(self._nodes.server, self._transport)
        self._nodes.arrived(self._address, self)

    def connection_lost(self, exc: Exception | None) -> None:
        assert self._life is not None
        self._life.end()
        self._nodes.gone(self._address, self)

    def refuse(self) -> None:
        """A firewall stands before the node from now on."""
        self._is_refused = True

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            reset(self._transport)
            return
        self._http.receive_data(data)
        self._drive()

    def eof_received(self) -> None:
        assert self._transport is not None
        self._transport.close()

    def leave(self) -> None:
        """Close at once where nothing is asked for, else after the answer."""
        assert self._transport is not None
        self._is_leaving = True
        if self._http.our_state is h11.IDLE:
            self._transport.close()

    def _drive(self) -> None:
        assert self._transport is not None
        while not self._transport.is_closing():
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError:
                self._transport.close()
                return
            if event is h11.NEED_DATA or event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                return
            if isinstance(event, h11.Request):
                if event.http_version > b"1.1":
                    self._transport.write(_WRONG_VERSION)
                    self._transport.close()
                    return
                self._request = event
            elif isinstance(event, h11.EndOfMessage):
                self._treat()

    def _treat(self) -> None:
        assert self._request is not None
        assert self._transport is not None
        assert self._life is not None
        self._life.begins()
        headers = dict(self._request.headers)
        request_id = headers.get(b"x-request-id", b"-").decode("ascii", "replace")
        behaviour = self._nodes.decide(self._address, request_id, self._request.method.decode("ascii"))
        if behaviour.stalls:
            return
        takes_s = behaviour.takes_s + float(headers.get(TAKES_HEADER, b"0"))
        if takes_s:
            asyncio.get_running_loop().call_later(takes_s, self._answer_late, behaviour)
        else:
            self._answer(behaviour)

    def _answer_late(self, behaviour: Behaviour) -> None:
        assert self._transport is not None
        if not self._transport.is_closing():
            self._answer(behaviour)
            self._drive()

    def _answer(self, behaviour: Behaviour) -> None:
        from unstale.lab.nodes import BODY, ERROR_BODY

        assert self._transport is not None
        assert self._life is not None
        if behaviour.answers is None:
            self._transport.close()
            return
        body = BODY if behaviour.answers < 400 else ERROR_BODY
        self._transport.write(self._response(behaviour.answers, body))
        self._life.ends()
        if self._http.our_state is h11.MUST_CLOSE or self._is_leaving or self._life.is_over:
            self._transport.close()
        else:
            self._http.start_next_cycle()

    def _response(self, status: int, body: bytes) -> bytes:
        headers = [("content-type", "application/json"), ("content-length", str(len(body)))]
        parts = (
            self._http.send(h11.Response(status_code=status, headers=headers)),
            self._http.send(h11.Data(data=b"" if self._is_head else body)),
            self._http.send(h11.EndOfMessage()),
        )
        return b"".join(part for part in parts if part)

    @property
    def _is_head(self) -> bool:
        return self._request is not None and self._request.method == b"HEAD"
