"""From the texts of one line's fields to a Row, whatever format they stood in."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from unstale.accesslog.row import Row

NUMBERS: Final = ("status", "bytes_received", "bytes_sent", "duration_ms")
OPTIONAL_NUMBERS: Final = ("upstream_service_time_ms", "attempts", "request_duration_ms", "response_duration_ms")
TEXTS: Final = (
    "time",
    "method",
    "path",
    "details",
    "transport_failure",
    "request_id",
    "authority",
    "upstream_host",
    "cluster",
    "route",
    "protocol",
    "connection_termination",
    "x_forwarded_for",
    "user_agent",
    "upstream_local_address",
    "downstream_local_address",
    "downstream_remote_address",
    "requested_server_name",
    "grpc_status",
    "policy_status",
)
# Two readings of a line that differ in one of these would lead to different conclusions.
JUDGED: Final = (
    "time",
    "status",
    "flags",
    "details",
    "transport_failure",
    "duration_ms",
    "bytes_sent",
    "authority",
    "upstream_host",
    "cluster",
    "upstream_local_address",
)

# Envoy's long names, of %RESPONSE_FLAGS_LONG% (source/common/stream_info/utility.h).
_SHORT: Final = {
    "FailedLocalHealthCheck": "LH",
    "NoHealthyUpstream": "UH",
    "UpstreamRequestTimeout": "UT",
    "LocalReset": "LR",
    "UpstreamRemoteReset": "UR",
    "UpstreamConnectionFailure": "UF",
    "UpstreamConnectionTermination": "UC",
    "UpstreamOverflow": "UO",
    "NoRouteFound": "NR",
    "DelayInjected": "DI",
    "FaultInjected": "FI",
    "RateLimited": "RL",
    "UnauthorizedExternalService": "UAEX",
    "RateLimitServiceError": "RLSE",
    "DownstreamConnectionTermination": "DC",
    "DownstreamRemoteReset": "DR",
    "UpstreamRetryLimitExceeded": "URX",
    "StreamIdleTimeout": "SI",
    "InvalidEnvoyRequestHeaders": "IH",
    "DownstreamProtocolError": "DPE",
    "UpstreamMaxStreamDurationReached": "UMSDR",
    "ResponseFromCacheFilter": "RFCF",
    "NoFilterConfigFound": "NFCF",
    "DurationTimeout": "DT",
    "UpstreamProtocolError": "UPE",
    "NoClusterFound": "NC",
    "OverloadManagerTerminated": "OM",
    "DnsResolutionFailed": "DF",
    "DropOverload": "DO",
}


class Doubt(Enum):
    """What a reader gives instead of a Row where a client has made the line readable in two ways."""

    AMBIGUOUS = "ambiguous"


AMBIGUOUS: Final = Doubt.AMBIGUOUS
Reading = Row | Doubt | None


def row_of(fields: Mapping[str, str], *, line: str, name: str, sender: str = "") -> Row:
    """The Row of `role -> text as logged`. Roles that are missing are named in `absent`."""
    given = fields.get
    texts: dict[str, Any] = {role: "" if (text := given(role, "")) == "-" else text for role in TEXTS}
    for role in NUMBERS:
        texts[role] = number(given(role)) or 0
    for role in OPTIONAL_NUMBERS:
        texts[role] = number(given(role))
    return Row(
        **texts,
        flags=flags_of(given("flags", "")),
        line=line,
        sender=sender,
        format=name,
        absent=_absent(tuple(fields)),
    )


@lru_cache(maxsize=256)
def _absent(roles: tuple[str, ...]) -> frozenset[str]:
    return frozenset(role for role in (*TEXTS, *NUMBERS, "flags") if role not in roles)


def plain(text: str) -> str:
    """Envoy's `-` for "nothing" as the empty string."""
    return "" if text == "-" else text


def number(text: str | None) -> int | None:
    """The number of a field, None for `-`, an absent one or no number."""
    if not text or text == "-" or len(text) > 18 or not (text.isdigit() and text.isascii()):
        return None
    return int(text)


def flags_of(text: str) -> frozenset[str]:
    """The set of short response flags in `UF,URX` or `UpstreamConnectionFailure`."""
    return frozenset(_SHORT.get(flag, flag) for flag in text.split(",") if flag not in ("-", ""))


def agree(one: Row, other: Row) -> bool:
    """Whether two readings of a line would be judged alike."""
    return all(getattr(one, name) == getattr(other, name) for name in JUDGED)
