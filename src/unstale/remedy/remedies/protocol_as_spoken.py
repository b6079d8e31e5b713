"""A port's protocol as it is spoken.

What it does
Writes the protocol of a ServiceEntry's port: `HTTPS` where applications speak TLS themselves, and where none is written
that of the port's name or number. Istio never looks at the name by itself.

How it is proved
In tls-passthrough-rotation-slow, where the application's TLS passes a port declared HTTPS.
"""

from __future__ import annotations

from collections.abc import Iterator

from unstale.remedy.editing.edit import Edit
from unstale.remedy.manifest import Because
from unstale.remedy.remedy import Remedy
from unstale.remedy.site import Site

_BY_NAME = {"http": "HTTP", "https": "HTTPS", "tls": "TLS", "tcp": "TCP", "grpc": "GRPC", "http2": "HTTP2"}
_BY_NUMBER = {80: "HTTP", 8080: "HTTP", 443: "HTTPS", 8443: "HTTPS"}


def _edits(site: Site) -> Iterator[Edit]:
    port = site.up_to("ports")
    if port is None:
        return
    written = site.get(port) or {}
    protocol, reason = _protocol(str(written.get("name", "")), written.get("number"), site.finding.code)
    if protocol:
        yield site.set((*port, "protocol"), Because(protocol, reason))


def _protocol(name: str, number: object, code: str) -> tuple[str, str]:
    if code == "UNS202":
        return "HTTPS", "applications speak TLS themselves here"
    if code == "UNS210":
        return ("TLS", "connections carry a server name, so other hosts keep the port") if number == 443 else ("", "")
    prefix = name.split("-")[0].lower()
    if prefix in _BY_NAME:
        return _BY_NAME[prefix], "as its name says"
    return (
        (_BY_NUMBER[number], "as usual on this port") if isinstance(number, int) and number in _BY_NUMBER else ("", "")
    )


REMEDY = Remedy(
    codes=("UNS202", "UNS208", "UNS209", "UNS210"),
    causes=("protocol_mismatch",),
    scenarios=("tls-passthrough-rotation-slow",),
    edits=_edits,
)
