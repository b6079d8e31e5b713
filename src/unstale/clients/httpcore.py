"""What the ledger needs to know of httpcore, the engine under httpx."""

from __future__ import annotations

import httpcore
from httpcore._backends.sync import SyncStream  # the only stream over a socket; httpcore does not export it

from unstale.clients.engine import Engine

ENGINE = Engine(
    failures=(httpcore.NetworkError, httpcore.RemoteProtocolError, httpcore.ReadTimeout, httpcore.ConnectTimeout),
    connect_error=httpcore.ConnectError,
    connect_timeout=httpcore.ConnectTimeout,
    read_timeout=httpcore.ReadTimeout,
    not_available=httpcore.ConnectionNotAvailable,
    stream=SyncStream,
    network=httpcore.SyncBackend,
    async_network=httpcore.AnyIOBackend,
)
