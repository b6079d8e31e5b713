"""A small HTTP/2 server over TLS that hangs up when told to, in a thread of its own."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections import deque

import h2.config
import h2.connection
import h2.errors
import h2.events


class Http2Server:
    """Answers every request with its own number; `plan` says with `hang up` or `refuse` what to do instead."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        tls.set_alpn_protocols(["h2"])
        self.plan: deque[str] = deque()
        self.connections = 0
        self.requests = 0
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[ssl.SSLSocket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> Http2Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        self.end_idle()

    def end_idle(self) -> None:
        """Close every connection; the FIN is on its way when this returns."""
        while self._open:
            with contextlib.suppress(OSError):
                self._open.pop().shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
                sock = self._tls.wrap_socket(plain, server_side=True)
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: ssl.SSLSocket) -> None:
        protocol = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        protocol.initiate_connection()
        with sock:
            try:
                sock.sendall(protocol.data_to_send())
                while data := sock.recv(65535):
                    reactions = [self._react(protocol, event) for event in protocol.receive_data(data)]
                    if not all(reactions):
                        return
                    sock.sendall(protocol.data_to_send())
            except OSError:
                return

    def _react(self, protocol: h2.connection.H2Connection, event: h2.events.Event) -> bool:
        if not isinstance(event, h2.events.StreamEnded):
            return True
        self.requests += 1
        do = self.plan.popleft() if self.plan else "answer"
        if do == "hang up":
            return False
        if do == "refuse":
            protocol.reset_stream(event.stream_id, h2.errors.ErrorCodes.INTERNAL_ERROR)
            return True
        protocol.send_headers(event.stream_id, [(":status", "200")])
        protocol.send_data(event.stream_id, str(self.requests).encode(), end_stream=True)
        return True
