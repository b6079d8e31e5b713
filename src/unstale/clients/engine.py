"""The engine under httpx and under httpx2: httpcore and httpcore2 have the same seams and different names.

Only what is used of an engine is here; what is made of it are classes of the engine's own shape, so that its pool takes
them for its own. Its streams, requests and responses are `Any` in this room: two libraries' types, alike by structure.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The exceptions that an engine raises, what tells its pool to choose another connection, and its own network."""

    failures: tuple[type[Exception], ...]
    connect_error: type[Exception]
    connect_timeout: type[Exception]
    read_timeout: type[Exception]
    not_available: type[Exception]
    stream: Callable[[socket.socket], Any]
    network: Callable[[], Any]
    async_network: Callable[[], Any]
