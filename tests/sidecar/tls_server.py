"""A server that speaks HTTP/1.1 or HTTP/2 over TLS, as the client likes; it answers `secure`."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import h2.config
import h2.connection
import h2.events
from loopback import OriginServer

BODY = b"secure"


@asynccontextmanager
async def tls_server(tls: ssl.SSLContext) -> AsyncIterator[int]:
    """Its port, while the block runs."""
    tls.set_alpn_protocols(["h2", "http/1.1"])
    server = await asyncio.start_server(_serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    session = writer.get_extra_info("ssl_object")
    if session.selected_alpn_protocol() == "h2":
        with suppress(OSError):
            await _serve_h2(reader, writer)
        writer.close()
    else:
        await OriginServer(BODY).serve(reader, writer)


async def _serve_h2(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    protocol = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    protocol.initiate_connection()
    writer.write(protocol.data_to_send())
    while data := await reader.read(1 << 16):
        for event in protocol.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                assert event.stream_id is not None
                protocol.send_headers(event.stream_id, [(":status", "200"), ("content-length", str(len(BODY)))])
                protocol.send_data(event.stream_id, BODY, end_stream=True)
        writer.write(protocol.data_to_send())
