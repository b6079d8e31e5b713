"""What curl reports when a connection fails, by its exit codes (curl's manual page, EXIT CODES)."""

from __future__ import annotations

from unstale.accesslog.application import ApplicationFormat, symptoms

FORMAT = ApplicationFormat(
    name="application log, curl",
    language="curl",
    hints=(
        "curl: ",
        "curl exit",
        "Recv failure",
    ),
    symptoms=symptoms(
        (r"curl(?:: \(|[\s\w]{1,8} )(?P<name>6)\b", "name_resolution"),
        (r"curl(?:: \(|[\s\w]{1,8} )(?P<name>7)\b.*(?:refused|Couldn't connect|Could not connect)", "connect_refused"),
        (r"curl(?:: \(|[\s\w]{1,8} )(?P<name>7)\b", "connect_failed"),
        (r"curl(?:: \(|[\s\w]{1,8} )(?P<name>28)\b.*[Cc]onnect", "connect_timeout"),
        (r"curl(?:: \(|[\s\w]{1,8} )(?P<name>28)\b", "read_timeout"),
        (r"curl(?:: \(|[\s\w]{1,8} )(?P<name>35|51|58|60)\b", "tls"),
        (r"curl(?:: \(|[\s\w]{1,8} )(?P<name>52|18)\b", "closed_without_response"),
        (r"curl(?:: \(|[\s\w]{1,8} )(?P<name>55)\b", "broken_pipe"),
        (
            r"curl(?:: \(|[\s\w]{1,8} )(?P<name>56|92)\b|(?:Recv failure|curl): Connection reset by peer",
            "connection_reset",
        ),
    ),
)
