"""What Java's HTTP clients throw when a connection fails: Apache, OkHttp, Netty, the JDK's own, gRPC."""

from __future__ import annotations

from unstale.accesslog.application import ApplicationFormat, symptoms

FORMAT = ApplicationFormat(
    name="application log, Java",
    language="java",
    hints=(
        "Exception",
        "unreachable",
        "No route to host",
    ),
    symptoms=symptoms(
        (r"\b(?P<name>NoHttpResponseException)\b", "closed_without_response"),
        (r"\b(?P<name>PrematureCloseException|ConnectionClosedException)\b", "closed_without_response"),
        (
            r"(?P<name>IOException): (?:HTTP/1.1 header parser received no bytes|unexpected end of stream)",
            "closed_without_response",
        ),
        (r"\b(?P<name>UnknownHostException|DnsNameResolverTimeoutException)\b", "name_resolution"),
        (r"\b(?P<name>ConnectTimeoutException|HttpConnectTimeoutException)\b", "connect_timeout"),
        (r"\b(?P<name>SocketTimeoutException): [Cc]onnect", "connect_timeout"),
        (r"\b(?P<name>ConnectException): Connection timed out", "connect_timeout"),
        (r"\b(?P<name>SocketTimeoutException|ReadTimeoutException|HttpTimeoutException)\b", "read_timeout"),
        (r"\b(?P<name>NoRouteToHostException)\b|Network is unreachable|No route to host", "no_route"),
        (r"\b(?P<name>(?:Annotated)?ConnectException|HttpHostConnectException)\b", "connect_refused"),
        (r"\b(?P<name>SSL(?:Handshake|PeerUnverified|Protocol)?Exception|CertificateExpiredException)\b", "tls"),
        (r"\b(?P<name>\w*(?:SocketException|IOException|NativeIoException)): .*[Bb]roken pipe", "broken_pipe"),
        (
            r"\b(?P<name>\w*(?:SocketException|IOException|NativeIoException)): .*[Cc]onnection reset",
            "connection_reset",
        ),
        (r"\b(?P<name>StreamResetException)\b", "connection_reset"),
        (r"\b(?P<name>StatusRuntimeException): UNAVAILABLE", "unavailable"),
    ),
)
