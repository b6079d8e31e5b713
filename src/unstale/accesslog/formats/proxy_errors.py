"""What other proxies on the way say when a connection fails: nginx, Varnish and the CDNs built on it, Cloudflare.

Their messages are fixed texts (ngx_http_upstream.c and ngx_connection.c; Varnish's FetchError; Cloudflare's 52x pages).
"""

from __future__ import annotations

from unstale.accesslog.application import ApplicationFormat, symptoms

FORMAT = ApplicationFormat(
    name="proxy's error log",
    language="",
    hints=(
        "upstream timed out",
        "upstream prematurely closed",
        "() failed (",
        "host not found in upstream",
        "could not be resolved",
        "SSL_do_handshake",
        "first byte timeout",
        "between bytes timeout",
        "rror 52",
        "rror code: 52",
        "504 Gateway Time",
    ),
    symptoms=symptoms(
        (r"(?P<name>upstream timed out) \(110: [^)]*\) while connecting", "connect_timeout"),
        (r"(?P<name>upstream timed out) \(110:", "read_timeout"),
        (r"(?P<name>upstream prematurely closed connection)", "closed_without_response"),
        (r"(?:recv|readv|writev|send)\(\) failed \((?P<name>104|32):", "connection_reset"),
        (r"connect\(\) failed \((?P<name>111):", "connect_refused"),
        (r"connect\(\) failed \((?P<name>113|101):", "no_route"),
        (r"(?P<name>SSL_do_handshake\(\) failed)", "tls"),
        (r"(?P<name>host not found in upstream)|could not be resolved \(\d+: ", "name_resolution"),
        (r"\b(?P<name>first byte timeout|between bytes timeout)\b", "read_timeout"),
        (r"[Ee]rror(?: code:)? (?P<name>522)\b", "connect_timeout"),
        (r"[Ee]rror(?: code:)? (?P<name>524)\b", "read_timeout"),
        (r"[Ee]rror(?: code:)? (?P<name>521)\b", "connect_refused"),
        (r"[Ee]rror(?: code:)? (?P<name>52[56])\b", "tls"),
        (r"\b(?P<name>504 Gateway Time-?out)\b", "read_timeout"),
    ),
)
