"""Which protocol a port speaks, and what that means for its listener and its cluster.

A ServiceEntry's port is judged by `protocol` alone, never by its name, and an unknown or missing protocol is not an
error: the proxy then looks at the first bytes ("sniffing").
"""

from __future__ import annotations

from enum import StrEnum


class Protocol(StrEnum):
    """Istio's protocols; UNSUPPORTED is everything else."""

    HTTP = "HTTP"
    HTTP2 = "HTTP2"
    HTTP_PROXY = "HTTP_PROXY"
    GRPC = "GRPC"
    GRPC_WEB = "GRPC-Web"
    HTTPS = "HTTPS"
    TLS = "TLS"
    TCP = "TCP"
    UDP = "UDP"
    MONGO = "Mongo"
    MYSQL = "MySQL"
    REDIS = "Redis"
    UNSUPPORTED = "UnsupportedProtocol"

    @property
    def is_http(self) -> bool:
        """The listener parses HTTP."""
        return self in _HTTP

    @property
    def is_http2(self) -> bool:
        """The cluster speaks HTTP/2 whatever the client spoke."""
        return self in _HTTP2

    @property
    def is_tls(self) -> bool:
        """Encrypted by the application; the listener sees the server name only."""
        return self in (Protocol.HTTPS, Protocol.TLS)

    @property
    def is_tcp(self) -> bool:
        """The listener carries bytes, encrypted or not."""
        return self in _TCP

    @property
    def is_sniffed(self) -> bool:
        """The listener finds out by itself."""
        return self is Protocol.UNSUPPORTED

    @property
    def is_http_or_sniffed(self) -> bool:
        """The port has virtual hosts."""
        return self.is_http or self.is_sniffed

    @property
    def is_server_first(self) -> bool:
        """The server talks first, so the port cannot be shared with HTTP (LI-6)."""
        return self in (Protocol.MONGO, Protocol.MYSQL)


_HTTP = frozenset(
    {Protocol.HTTP, Protocol.HTTP2, Protocol.HTTP_PROXY, Protocol.GRPC, Protocol.GRPC_WEB},
)
_TCP = frozenset(
    {Protocol.TCP, Protocol.HTTPS, Protocol.TLS, Protocol.MONGO, Protocol.MYSQL, Protocol.REDIS},
)
_HTTP2 = frozenset({Protocol.HTTP2, Protocol.GRPC, Protocol.GRPC_WEB})
_BY_NAME = {protocol.value.lower(): protocol for protocol in Protocol if protocol is not Protocol.UNSUPPORTED}


def parse(text: str | None) -> Protocol:
    """Case does not matter (PR-1)."""
    return _BY_NAME.get((text or "").lower(), Protocol.UNSUPPORTED)
