"""Which key of a JSON access log fills which field of a Row, in every spelling met.

Envoy writes the keys that the configuration gives, so there is no one set of names. Keys are compared in lower case
and without `_`, `-`, `:` and `.`, which makes one of response_code_details, responseCodeDetails and x-request-id's kin.
"""

from __future__ import annotations

from typing import Final

ROLES: Final[dict[str, str]] = {
    "starttime": "time",
    "time": "time",
    "timestamp": "time",
    "@timestamp": "time",
    "ts": "time",
    "method": "method",
    "requestmethod": "method",
    "path": "path",
    "requestpath": "path",
    "xenvoyoriginpath": "path",
    "xenvoyoriginalpath": "path",
    "originalpath": "path",
    "uri": "path",
    "protocol": "protocol",
    "proto": "protocol",
    "responsecode": "status",
    "rc": "status",
    "status": "status",
    "statuscode": "status",
    "responseflags": "flags",
    "responseflagslong": "flags",
    "rf": "flags",
    "responsecodedetails": "details",
    "rcd": "details",
    "connectionterminationdetails": "connection_termination",
    "upstreamtransportfailurereason": "transport_failure",
    "utfr": "transport_failure",
    "bytesreceived": "bytes_received",
    "bytessent": "bytes_sent",
    "duration": "duration_ms",
    "durationms": "duration_ms",
    "upstreamservicetime": "upstream_service_time_ms",
    "xenvoyupstreamservicetime": "upstream_service_time_ms",
    "xforwardedfor": "x_forwarded_for",
    "useragent": "user_agent",
    "ua": "user_agent",
    "requestid": "request_id",
    "xrequestid": "request_id",
    "authority": "authority",
    "host": "authority",
    "upstreamhost": "upstream_host",
    "upstreamremoteaddress": "upstream_host",
    "upstreamcluster": "cluster",
    "upstreamclusterraw": "cluster",
    "upstreamlocaladdress": "upstream_local_address",
    "downstreamlocaladdress": "downstream_local_address",
    "downstreamremoteaddress": "downstream_remote_address",
    "requestedservername": "requested_server_name",
    "sni": "requested_server_name",
    "routename": "route",
    "route": "route",
    "grpcstatus": "grpc_status",
    "grpcstatusnumber": "grpc_status",
    "upstreamrequestattemptcount": "attempts",
    "attempts": "attempts",
    "requestduration": "request_duration_ms",
    "responseduration": "response_duration_ms",
    "istiopolicystatus": "policy_status",
}

_STRIPPED = str.maketrans("", "", "_-:. ")
SHORT_KEYS: Final = frozenset({"rc", "rf", "rcd", "proto", "utfr"})


def role_of(key: str) -> str | None:
    """The Row's field that a key fills, None for a key that a Row has no place for."""
    return ROLES.get(key.translate(_STRIPPED).lower())
