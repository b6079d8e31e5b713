"""The public names of causes, and what each is called in a sentence. Names are for ever."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """Why a request failed."""

    STALE_KEEPALIVE_RACE = "stale_keepalive_race"
    LB_IP_CHANGED = "lb_ip_changed"
    FIREWALL_OR_NAT_DROP = "firewall_or_nat_drop"
    CONNECT_REFUSED = "connect_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS_MISMATCH = "tls_mismatch"
    PROTOCOL_MISMATCH = "protocol_mismatch"
    OVERFLOW = "overflow"
    NO_HEALTHY_UPSTREAM = "no_healthy_upstream"
    DNS_FAILURE = "dns_failure"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    BLACKHOLE_OR_NO_ROUTE = "blackhole_or_no_route"
    LIFECYCLE = "lifecycle"
    UPSTREAM_PROTOCOL_ERROR = "upstream_protocol_error"
    UPSTREAM_OWN_5XX = "upstream_own_5xx"
    OTHER = "other"


STALE = frozenset({Cause.STALE_KEEPALIVE_RACE, Cause.LB_IP_CHANGED, Cause.FIREWALL_OR_NAT_DROP})
"""The causes that are a stale connection: it was good once, and nobody told its user that it no longer is."""
