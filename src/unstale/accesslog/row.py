"""One request as Envoy logged it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from unstale.accesslog.instant import epoch_s

_REASON = re.compile(r"\{(.*?)\}?\Z")
_CLUSTER_HOST = re.compile(r"\A(?:outbound|inbound)(?:-vip)?_?[|.][^|]*\|[^|]*\|([^|;]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The fields of one access log line; `-` and absent are the empty string, numbers that are absent are 0.

    A number that is 0 because the line does not carry it is named in `absent`, so that nobody takes it for a
    measurement. `flags` is a set, since their order differs between Envoy releases. `duration_ms` is the whole
    request's. `attempts` is None where the format does not count them. `grpc_status` is Envoy's name or number.
    `sender` is what stands before the row: the pod and container, or the name a collector gave it.
    """

    time: str
    method: str
    path: str
    status: int
    flags: frozenset[str]
    details: str
    transport_failure: str
    bytes_received: int
    bytes_sent: int
    duration_ms: int
    request_id: str
    authority: str
    upstream_host: str
    cluster: str
    route: str
    line: str
    protocol: str = ""
    connection_termination: str = ""
    upstream_service_time_ms: int | None = None
    x_forwarded_for: str = ""
    user_agent: str = ""
    upstream_local_address: str = ""
    downstream_local_address: str = ""
    downstream_remote_address: str = ""
    requested_server_name: str = ""
    grpc_status: str = ""
    attempts: int | None = None
    request_duration_ms: int | None = None
    response_duration_ms: int | None = None
    policy_status: str = ""
    sender: str = ""
    format: str = ""
    absent: frozenset[str] = frozenset()

    @property
    def reason(self) -> str:
        """What happened in one word: the reset reason where there is one (`connection_termination`), else the details.

        The parts behind `|` are addresses and errno texts that differ from line to line, and are left out. Old Envoys
        write blanks and commas where newer ones write `_` and `|`; both give the same word.
        """
        found = _REASON.search(self.details)
        inside = found.group(1) if found else self.details
        return inside.split("|")[0].split(",")[0].replace(" ", "_")

    @property
    def label(self) -> str:
        """Status, flags and reason, e.g. `503 UC connection_termination`."""
        parts = (str(self.status), ",".join(sorted(self.flags)), self.reason)
        return " ".join(part for part in parts if part)

    @property
    def host(self) -> str:
        """Whom the request was for: the authority, else the SNI (bare TCP and TLS), else the cluster's host."""
        return self.authority or self.requested_server_name or cluster_host(self.cluster)

    @property
    def start_s(self) -> float | None:
        """START_TIME in seconds since 1970, None where the line has no time stamp that can be read."""
        return epoch_s(self.time)


def cluster_host(cluster: str) -> str:
    """The host in `outbound|443||api.partner.io` or `inbound-vip|80|http|host;`; "" where there is none."""
    found = _CLUSTER_HOST.match(cluster)
    return found.group(1) if found else ""


def is_failure(status: int, flags: frozenset[str], grpc_status: str = "") -> bool:
    """Whether a row is kept in full: any 5xx, any response flag, or a gRPC call that did not end well.

    gRPC failures are logged with status 200, and TCP ones with 0, so the status alone would miss both.
    """
    return status >= 500 or bool(flags) or grpc_status not in ("", "0", "OK", "Ok")
