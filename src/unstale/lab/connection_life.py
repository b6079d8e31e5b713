"""How long a server lets a connection live: idle, and at all.

The server closes as it sees the connection: between two requests, without having announced it. A request that is on
its way at that moment is lost, which no server can see beforehand.
"""

from __future__ import annotations

import asyncio
import socket
import struct

from unstale.lab.world import Server


def reset(transport: asyncio.Transport | None) -> None:
    """End a connection with a TCP reset instead of a FIN."""
    assert transport is not None
    wire = transport.get_extra_info("socket")
    if wire is not None:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class ConnectionLife:
    """Watches one connection and closes its transport when the server's patience is over."""

    def __init__(self, server: Server, transport: asyncio.Transport) -> None:
        self._server = server
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._open_requests = 0
        self._idle_since = self._loop.time()
        self._timers: list[asyncio.TimerHandle] = []
        self.is_over = False
        if server.max_age_s is not None:
            self._timers.append(self._loop.call_later(server.max_age_s, self._grow_old))
        if server.idle_s is not None:
            self._timers.append(self._loop.call_later(server.idle_s, self._look))

    def begins(self) -> None:
        """A request is being worked on."""
        self._open_requests += 1

    def ends(self) -> None:
        """A request was answered."""
        self._open_requests -= 1
        self._idle_since = self._loop.time()

    def end(self) -> None:
        """The connection is gone."""
        for timer in self._timers:
            timer.cancel()

    def _grow_old(self) -> None:
        self.is_over = True
        if not self._open_requests:
            self._transport.close()

    def _look(self) -> None:
        assert self._server.idle_s is not None
        left_s = self._idle_since + self._server.idle_s - self._loop.time()
        if self._open_requests:
            left_s = self._server.idle_s
        if left_s <= 0:
            self._transport.close()
            return
        self._timers[-1] = self._loop.call_later(left_s, self._look)
