"""An HTTP/2 application on the `h2` library, one request at a time on each connection; with gRPC's frames where asked.

It knows of HTTP/2 what matters here: before it uses a connection again it reads what has arrived on it, leaves one that
said GOAWAY or closed, and sends a request again whose stream the server did not take, since that was not run.
"""

from __future__ import annotations

import functools
import socket
import ssl

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from unstale.lab.apps import FRESH_DNS, KEEP_ALIVE, SHORT_LIVED
from unstale.lab.goaway import GoawayFilter
from unstale.lab.names import Names
from unstale.lab.program import Answer, FailedError, Load, Program
from unstale.lab.threads import send
from unstale.lab.world import Http

_GRPC_PATH = "/orders.Orders/Place"
_MOST_TRIES = 5


class H2Connection:
    """One HTTP/2 connection, over TLS where the load says so."""

    def __init__(self, load: Load, names: Names) -> None:
        self._load = load
        self._names = names
        self._is_grpc = load.http is Http.GRPC
        self._body = _framed(load.body or b"") if self._is_grpc else load.body
        self._socket: socket.socket | None = None
        self._http = h2.connection.H2Connection()
        self._goaway = GoawayFilter()
        self.address = ""

    def exchange(self, request_id: str) -> Answer:
        for _ in range(_MOST_TRIES):
            self._catch_up()
            wire = self._socket or self._open()
            try:
                answer = self._ask(wire, request_id)
            except h2.exceptions.ProtocolError as error:
                self.close()
                raise FailedError(f"HTTP/2 connection unusable: {type(error).__name__}") from error
            if answer is not None:
                return answer
            self.close()
        raise FailedError("every connection said GOAWAY before it took the request")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self.address = ""

    def _catch_up(self) -> None:
        """Read what has arrived since the last answer: a GOAWAY or the end of the connection, most likely."""
        if self._socket is None:
            return
        self._socket.setblocking(False)
        try:
            data = self._socket.recv(65536)
            if data:
                self._http.receive_data(self._goaway.feed(data))
        except (BlockingIOError, ssl.SSLWantReadError):
            data = b"nothing yet"
        except (OSError, h2.exceptions.ProtocolError):
            data = b""
        self._socket.settimeout(self._load.timeout_s)
        if not data or self._goaway.last_stream is not None:
            self.close()

    def _ask(self, wire: socket.socket, request_id: str) -> Answer | None:
        """The answer; None where the server did not take the stream."""
        stream = self._http.get_next_available_stream_id()
        self._http.send_headers(stream, self._headers(request_id), end_stream=self._body is None)
        if self._body is not None:
            self._http.send_data(stream, self._body, end_stream=True)
        wire.sendall(self._http.data_to_send())
        return self._read(wire, stream)

    def _open(self) -> socket.socket:
        address = self._names.resolve()
        wire = socket.create_connection(self._load.place(address), timeout=self._load.timeout_s)
        if self._load.ca is not None:
            context = ssl.create_default_context(cafile=str(self._load.ca))
            context.set_alpn_protocols(["h2"])
            wire = context.wrap_socket(wire, server_hostname=self._load.host)
        self._goaway = GoawayFilter()
        self._http = h2.connection.H2Connection(config=h2.config.H2Configuration(header_encoding="utf-8"))
        self._http.initiate_connection()
        wire.sendall(self._http.data_to_send())
        self._socket, self.address = wire, address
        return wire

    def _headers(self, request_id: str) -> list[tuple[str, str]]:
        grpc = [("content-type", "application/grpc"), ("te", "trailers")] if self._is_grpc else []
        return [
            (":method", "POST" if self._is_grpc else self._load.method),
            (":scheme", self._load.scheme),
            (":authority", self._load.authority),
            (":path", _GRPC_PATH if self._is_grpc else f"/orders/{request_id}"),
            ("user-agent", "unstale-lab"),
            ("x-request-id", request_id),
            *self._load.headers.items(),
            *self._load.destination(self.address).items(),
            *grpc,
        ]

    def _read(self, wire: socket.socket, stream: int) -> Answer | None:
        headers: dict[str, str] = {}
        size = 0
        while True:
            data = wire.recv(65536)
            if not data:
                self.close()
                raise FailedError("connection closed without an answer")
            for event in self._http.receive_data(self._goaway.feed(data)):
                match event:
                    case h2.events.ResponseReceived() | h2.events.TrailersReceived():
                        headers.update({str(name): str(value) for name, value in event.headers})
                    case h2.events.DataReceived():
                        size += len(event.data)
                        self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    case h2.events.StreamReset() if event.stream_id == stream:
                        raise FailedError(f"stream reset by the peer ({event.error_code})")
                    case h2.events.StreamEnded() if event.stream_id == stream:
                        self._acknowledge(wire)
                        return self._answer(headers, size)
                    case _:
                        continue
            self._acknowledge(wire)
            if self._goaway.last_stream is not None and self._goaway.last_stream < stream:
                return None

    def _acknowledge(self, wire: socket.socket) -> None:
        data = self._http.data_to_send()
        if data:
            wire.sendall(data)

    def _answer(self, headers: dict[str, str], size: int) -> Answer:
        status = int(headers.get(":status", "0"))
        code = headers.get("grpc-status", "0")
        error = "" if code == "0" else f"grpc-status {code}"
        return Answer(status=status, body_bytes=size, error=error)


def _framed(message: bytes) -> bytes:
    """A gRPC message: not compressed, its length, itself."""
    return b"\x00" + len(message).to_bytes(4, "big") + message


APP = Program(
    send=functools.partial(send, connect=H2Connection),
    speaks=frozenset({Http.HTTP2, Http.GRPC}),
    habits=(KEEP_ALIVE, SHORT_LIVED, FRESH_DNS),
)
