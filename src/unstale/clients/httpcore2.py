"""What the ledger needs to know of httpcore2, the engine under httpx2."""

from __future__ import annotations

import httpcore2
from httpcore2._backends.sync import SyncStream  # the only stream over a socket; httpcore2 does not export it

from unstale.clients.engine import Engine

ENGINE = Engine(
    failures=(httpcore2.NetworkError, httpcore2.RemoteProtocolError, httpcore2.ReadTimeout, httpcore2.ConnectTimeout),
    connect_error=httpcore2.ConnectError,
    connect_timeout=httpcore2.ConnectTimeout,
    read_timeout=httpcore2.ReadTimeout,
    not_available=httpcore2.ConnectionNotAvailable,
    stream=SyncStream,
    network=httpcore2.SyncBackend,
    async_network=httpcore2.AnyIOBackend,
)
