"""What Python's HTTP clients raise when a connection fails: requests, urllib3, httpx, aiohttp, the standard library."""

from __future__ import annotations

from unstale.accesslog.application import ApplicationFormat, symptoms

FORMAT = ApplicationFormat(
    name="application log, Python",
    language="python",
    hints=(
        "RemoteDisconnected",
        "Remote end closed",
        "RemoteProtocolError",
        "ServerDisconnected",
        "Server disconnected",
        "NameResolutionError",
        "gaierror",
        "ClientConnector",
        "[Errno ",
        "Timeout",
        "ClientOSError",
        "SSL",
        "ConnectionRe",
        "BrokenPipeError",
        "ConnectError",
        "NewConnectionError",
        "ReadError",
        "WriteError",
        "IncompleteRead",
    ),
    symptoms=symptoms(
        (r"\b(?P<name>RemoteDisconnected)\b|Remote end closed connection without response", "closed_without_response"),
        (r"\b(?P<name>(?:httpx\.|httpcore\.)RemoteProtocolError)\b.*disconnected", "closed_without_response"),
        (r"\b(?P<name>ServerDisconnectedError)\b|Server disconnected without sending", "closed_without_response"),
        (r"\b(?P<name>NameResolutionError|gaierror|ClientConnectorDNSError)\b|\[Errno -[235]\]", "name_resolution"),
        (r"\b(?P<name>ConnectTimeout(?:Error)?|ConnectionTimeoutError)\b", "connect_timeout"),
        (r"\b(?P<name>ReadTimeout(?:Error)?|ServerTimeoutError|SocketTimeoutError|PoolTimeout)\b", "read_timeout"),
        (r"\b(?P<name>SSL(?:EOF|ZeroReturn|CertVerification)?Error|ClientConnector(?:SSL|Certificate)Error)\b", "tls"),
        (r"\b(?P<name>ConnectionRefusedError)\b|\[Errno 111\]", "connect_refused"),
        (r"\b(?P<name>ConnectionResetError)\b|\[Errno 104\]", "connection_reset"),
        (r"\b(?P<name>BrokenPipeError)\b|\[Errno 32\]", "broken_pipe"),
        (r"\[Errno (?:101|113)\]", "no_route"),
        (r"\b(?P<name>ClientConnectorError|(?:httpx|httpcore)\.ConnectError|NewConnectionError)\b", "connect_failed"),
        (r"\b(?P<name>(?:httpx|httpcore)\.(?:Read|Write)Error|ClientOSError|IncompleteRead)\b", "connection_reset"),
    ),
)
