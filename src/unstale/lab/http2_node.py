"""A node's side of one HTTP/2 connection, gRPC included.

A node that leaves says GOAWAY with the last stream that it took, answers what is open, and closes. One that hangs up
closes in the middle: which streams it took, nobody is told.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from hyperframe.frame import GoAwayFrame

from unstale.lab.connection_life import ConnectionLife, reset
from unstale.lab.http1_node import TAKES_HEADER

if TYPE_CHECKING:
    from unstale.lab.behaviour import Behaviour
    from unstale.lab.nodes import Nodes

_GRPC_UNAVAILABLE = b"14"
_EMPTY_MESSAGE = b"\x00\x00\x00\x00\x00"


class Http2Connection(asyncio.Protocol):
    """One accepted connection to `address`; `is_grpc` answers as a gRPC server does, with a status in the trailers."""

    def __init__(self, nodes: Nodes, address: str, *, is_grpc: bool) -> None:
        self._nodes = nodes
        self._address = address
        self._is_grpc = is_grpc
        config = h2.config.H2Configuration(client_side=False, header_encoding=None)
        self._http = h2.connection.H2Connection(config=config)
        self._requests: dict[int, dict[bytes, bytes]] = {}
        self._transport: asyncio.Transport | None = None
        self._life: ConnectionLife | None = None
        self._newest = 0
        self._is_leaving = False
        self._is_refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._life = ConnectionLife(self._nodes.server, self._transport)
        self._nodes.arrived(self._address, self)
        self._http.initiate_connection()
        self._flush()

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
        assert self._transport is not None
        try:
            events = self._http.receive_data(data)
        except h2.exceptions.ProtocolError:
            self._flush()
            self._transport.close()
            return
        for event in events:
            self._take(event)
        self._flush()

    def leave(self) -> None:
        """GOAWAY, then close as soon as nothing is open."""
        assert self._transport is not None
        self._is_leaving = True
        self._flush()
        # Not close_connection: after that the library would not let open streams be answered.
        last = self._newest
        self._transport.write(GoAwayFrame(stream_id=0, last_stream_id=last).serialize())
        self._close_if_done()

    def _take(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.RequestReceived():
                self._newest = event.stream_id
                self._requests[event.stream_id] = dict(event.headers)
            case h2.events.DataReceived():
                self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.StreamEnded():
                self._treat(event.stream_id)
            case h2.events.StreamReset():
                self._requests.pop(event.stream_id, None)
            case _:
                return

    def _treat(self, stream: int) -> None:
        assert self._transport is not None
        assert self._life is not None
        headers = self._requests[stream]
        self._life.begins()
        request_id = headers.get(b"x-request-id", b"-").decode("ascii", "replace")
        behaviour = self._nodes.decide(self._address, request_id, headers.get(b":method", b"-").decode("ascii"))
        if behaviour.stalls:
            return
        if behaviour.answers is None:
            self._transport.close()
            return
        takes_s = behaviour.takes_s + float(headers.get(TAKES_HEADER, b"0"))
        if takes_s:
            asyncio.get_running_loop().call_later(takes_s, self._answer, stream, behaviour)
        else:
            self._answer(stream, behaviour)

    def _answer(self, stream: int, behaviour: Behaviour) -> None:
        assert self._transport is not None
        assert self._life is not None
        if self._transport.is_closing() or self._requests.pop(stream, None) is None:
            return
        assert behaviour.answers is not None
        try:
            if self._is_grpc:
                self._answer_grpc(stream, behaviour.answers)
            else:
                self._answer_http(stream, behaviour.answers)
        except h2.exceptions.ProtocolError:
            return  # the peer has reset the stream meanwhile
        self._life.ends()
        self._flush()
        self._close_if_done()

    def _answer_http(self, stream: int, status: int) -> None:
        from unstale.lab.nodes import BODY, ERROR_BODY

        body = BODY if status < 400 else ERROR_BODY
        headers = [(b":status", str(status).encode()), (b"content-length", str(len(body)).encode())]
        self._http.send_headers(stream, headers)
        self._http.send_data(stream, body, end_stream=True)

    def _answer_grpc(self, stream: int, status: int) -> None:
        kind = [(b":status", b"200"), (b"content-type", b"application/grpc")]
        if status >= 400:
            self._http.send_headers(stream, [*kind, (b"grpc-status", _GRPC_UNAVAILABLE)], end_stream=True)
            return
        self._http.send_headers(stream, kind)
        self._http.send_data(stream, _EMPTY_MESSAGE)
        self._http.send_headers(stream, [(b"grpc-status", b"0")], end_stream=True)

    def _close_if_done(self) -> None:
        assert self._transport is not None
        assert self._life is not None
        if (self._is_leaving or self._life.is_over) and not self._requests:
            self._transport.close()

    def _flush(self) -> None:
        assert self._transport is not None
        data = self._http.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)
