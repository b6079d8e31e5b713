"""Fork a role into a namespace and talk with it in JSON lines.

A fork, not a new interpreter: the modules are loaded already, so a role starts in a millisecond. A child whose parent
is gone reads the end of its channel and ends; the PID namespace around the lab sees to the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
import traceback
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from unstale.lab.namespaces import enter
from unstale.model.errors import MachineError, UnstaleError

Message = dict[str, Any]


class Channel:
    """One end of a two-way line between a role and the cell that forked it."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._rest = b""

    def tell(self, message: Message) -> None:
        """Send one message; small enough never to wait."""
        self._end.sendall(json.dumps(message).encode() + b"\n")

    def receive(self) -> Message | None:
        """Wait for the next message without an event loop; None when the other side is gone."""
        while b"\n" not in self._rest:
            more = self._end.recv(65536)
            if not more:
                return None
            self._rest += more
        return self._taken()

    async def orders(self) -> AsyncIterator[Message]:
        """All messages until the other side is gone."""
        while (message := await self.next()) is not None:
            yield message

    async def next(self) -> Message | None:
        """The next message; None when the other side is gone. A cancelled wait loses nothing."""
        self._end.setblocking(False)
        loop = asyncio.get_running_loop()
        while b"\n" not in self._rest:
            more = await loop.sock_recv(self._end, 65536)
            if not more:
                return None
            self._rest += more
        return self._taken()

    def close(self) -> None:
        """Hang up: the role ends when it reads the end of its channel. Works with the event loop gone."""
        with contextlib.suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)
        self._end.close()

    def _taken(self) -> Message:
        line, self._rest = self._rest.split(b"\n", 1)
        message: Message = json.loads(line)
        return message


class Role:
    """A forked role as the cell sees it."""

    def __init__(self, name: str, pid: int, channel: Channel) -> None:
        self.name = name
        self.pid = pid
        self.channel = channel

    async def expect(self, key: str) -> Any:
        """The value of the next message that has `key`.

        Raises MachineError with the role's own words when it failed, or ended without a word.
        """
        while True:
            message = await self.channel.next()
            if message is None:
                raise MachineError(f"lab: the {self.name} process ended early. Its recording has its last words.")
            if "error" in message:
                raise MachineError(f"lab: the {self.name} process failed ({message['error']}).")
            if key in message:
                return message[key]

    async def ask(self, order: Message, answer: str) -> Any:
        """Give an order and wait for the message that answers it."""
        self.channel.tell(order)
        return await self.expect(answer)


def fork(name: str, namespace: Path | None, role: Callable[[Channel], None]) -> Role:
    """Start `role` in a child inside `namespace`; must be called before an event loop or thread runs."""
    mine, its = socket.socketpair()
    pid = os.fork()
    if pid:
        its.close()
        return Role(name, pid, Channel(mine))
    status = 1
    try:
        mine.close()
        enter(namespace)
        _play(role, Channel(its))
        status = 0
    finally:
        sys.stderr.flush()
        os._exit(status)


def _play(role: Callable[[Channel], None], channel: Channel) -> None:
    try:
        role(channel)
    except (UnstaleError, OSError) as error:
        channel.tell({"error": str(error)})
    except BaseException:
        channel.tell({"error": traceback.format_exc(limit=-3)})
        raise
