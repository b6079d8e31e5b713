"""What Node's HTTP clients report when a connection fails: http, undici (fetch), axios, got."""

from __future__ import annotations

from unstale.accesslog.application import ApplicationFormat, symptoms

FORMAT = ApplicationFormat(
    name="application log, Node",
    language="node",
    hints=(
        "ENOTFOUND",
        "EAI_AGAIN",
        "ECONN",
        "UND_ERR",
        "ETIMEDOUT",
        "ESOCKETTIMEDOUT",
        "UNREACH",
        "hang up",
        "side closed",
        "EPIPE",
        "CERT_",
        "UNABLE_TO",
        "EPROTO",
        "ERR_TLS",
    ),
    symptoms=symptoms(
        (r"\b(?P<name>ENOTFOUND|EAI_AGAIN)\b", "name_resolution"),
        (r"\b(?P<name>ECONNREFUSED)\b", "connect_refused"),
        (r"\b(?P<name>UND_ERR_CONNECT_TIMEOUT)\b|connect (?P<code>ETIMEDOUT)\b", "connect_timeout"),
        (r"\b(?P<name>UND_ERR_(?:HEADERS|BODY)_TIMEOUT|ESOCKETTIMEDOUT|ECONNABORTED|ETIMEDOUT)\b", "read_timeout"),
        (r"\b(?P<name>EHOSTUNREACH|ENETUNREACH)\b", "no_route"),
        (r"(?P<name>socket hang up)|\b(?P<code>UND_ERR_SOCKET)\b|other side closed", "closed_without_response"),
        (r"\b(?P<name>ECONNRESET)\b", "connection_reset"),
        (r"\b(?P<name>EPIPE)\b", "broken_pipe"),
        (r"\b(?P<name>CERT_HAS_EXPIRED|UNABLE_TO_VERIFY_LEAF_SIGNATURE|EPROTO|ERR_TLS_\w+)\b", "tls"),
    ),
)
