"""What Go's net/http and gRPC clients report when a connection fails."""

from __future__ import annotations

from unstale.accesslog.application import ApplicationFormat, symptoms

FORMAT = ApplicationFormat(
    name="application log, Go",
    language="go",
    hints=(
        "lookup ",
        "dial tcp",
        "connection re",
        "broken pipe",
        "closed idle",
        "connection broken",
        "EOF",
        "http2: ",
        "TLS handshake",
        "tls: ",
        "x509: ",
        "Client.Timeout",
        "deadline exceeded",
        "Unavailable",
    ),
    symptoms=symptoms(
        (
            r"\b(?P<name>lookup) [\w.-]+(?: on [\d.:\[\]a-f]+)?: (?:no such host|.*i/o timeout|server misbehaving)",
            "name_resolution",
        ),
        (r"(?P<name>dial tcp) \S+: (?:connect: )?connection refused", "connect_refused"),
        (r"(?P<name>dial tcp) \S+: (?:i/o timeout|connect: connection timed out)", "connect_timeout"),
        (r"(?P<name>dial tcp) \S+: connect: (?:no route to host|network is unreachable)", "no_route"),
        (
            r"(?P<name>read tcp|read): .*connection reset by peer|read tcp \S+: read: connection reset",
            "connection_reset",
        ),
        (r"(?P<name>write tcp|write): .*broken pipe|write: broken pipe", "broken_pipe"),
        (r"(?P<name>http: server closed idle connection)|(?:transport )connection broken", "closed_without_response"),
        (
            r"\b(?P<name>(?:Get|Post|Put|Patch|Head|Delete|Options)) \\?\"https?://[^\"]+\": (?:unexpected )?EOF",
            "closed_without_response",
        ),
        (r"(?P<name>http2: (?:client connection lost|server sent GOAWAY))", "closed_without_response"),
        (r"(?P<name>net/http: TLS handshake timeout|tls: \w[\w ]+|x509: \w[\w ]+)", "tls"),
        (r"(?P<name>Client\.Timeout)(?: or context cancellation)? exceeded|context deadline exceeded", "read_timeout"),
        (r"rpc error: code = (?P<name>Unavailable)", "unavailable"),
    ),
)
