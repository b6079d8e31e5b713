"""The protocols of ports, by the names that Istio knows, in small letters."""

from __future__ import annotations

from unstale.istio.faults import Faults
from unstale.istio.message import Message
from unstale.istio.wording import shown

HTTP = ("http", "http2", "grpc", "grpc-web", "http_proxy")
TLS = ("https", "tls")
TCP = (*TLS, "tcp", "mongo", "redis", "mysql")
_ALL = (*HTTP, *TCP, "udp", "hbone")
_NAMES = "HTTP, HTTP2, GRPC, GRPC-Web, HTTPS, TLS, TCP, UDP, MONGO, REDIS or MYSQL"


def check_protocol(port: Message, protocol: str | None, faults: Faults) -> None:
    """A known protocol in the field `protocol` of a port, or none."""
    if protocol and protocol.lower() not in _ALL:
        faults.reject(port, "protocol", f"protocol is not known ({shown(protocol)})", f"Allowed are {_NAMES}.")
