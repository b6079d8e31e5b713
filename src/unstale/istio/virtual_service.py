"""VirtualService: which requests and connections go where, and how.

Names and meaning follow istio/api, `networking/v1alpha3/virtual_service.proto`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from unstale.istio.duration import Duration
from unstale.istio.message import Message
from unstale.istio.metadata import Metadata


class RedirectPortSelection(StrEnum):
    """Where the port of a redirect comes from when none is given; unset means FROM_PROTOCOL_DEFAULT."""

    FROM_PROTOCOL_DEFAULT = "FROM_PROTOCOL_DEFAULT"
    FROM_REQUEST_PORT = "FROM_REQUEST_PORT"


class UnmatchedPreflights(StrEnum):
    """What becomes of CORS preflights from other origins; unset and UNSPECIFIED mean FORWARD."""

    UNSPECIFIED = "UNSPECIFIED"
    FORWARD = "FORWARD"
    IGNORE = "IGNORE"


@dataclass(frozen=True, slots=True, kw_only=True)
class StringMatch(Message):
    """One of the three, or none: then presence is enough. A regex must match the whole text (RE2)."""

    exact: str | None = None
    prefix: str | None = None
    regex: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Percent(Message):
    """0..100; an unset `value` is 0."""

    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination(Message):
    """A host, perhaps one of its subsets and ports; `port` is the number inside Istio's PortSelector."""

    host: str = ""
    subset: str | None = None
    port: Annotated[int, "number"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderOperations(Message):
    """Headers to overwrite, to append and to remove, in this order."""

    set: Mapping[str, str] = field(default_factory=dict)
    add: Mapping[str, str] = field(default_factory=dict)
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers(Message):
    """Changes to the headers of requests and responses."""

    request: HeaderOperations | None = None
    response: HeaderOperations | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPMatchRequest(Message):
    """All conditions of one match hold together; `source_*` and `gateways` choose the proxies it is for."""

    name: str | None = None
    uri: StringMatch | None = None
    scheme: StringMatch | None = None
    method: StringMatch | None = None
    authority: StringMatch | None = None
    headers: Mapping[str, StringMatch] = field(default_factory=dict)
    port: int | None = None
    source_labels: Mapping[str, str] = field(default_factory=dict)
    gateways: tuple[str, ...] = ()
    query_params: Mapping[str, StringMatch] = field(default_factory=dict)
    ignore_uri_case: bool | None = None
    without_headers: Mapping[str, StringMatch] = field(default_factory=dict)
    source_namespace: str | None = None
    stat_prefix: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPRouteDestination(Message):
    """One destination of a split; the weights of a split need not add up to 100."""

    destination: Destination = field(default_factory=Destination)
    weight: int | None = None
    headers: Headers | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPRedirect(Message):
    """Answer with a redirect; an unset `redirect_code` is 301."""

    uri: str | None = None
    authority: str | None = None
    port: int | None = None
    derive_port: RedirectPortSelection | None = None
    scheme: str | None = None
    redirect_code: int | None = None
    prefix_rewrite: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPBody(Message):
    """A text or bytes (base64 in the manifest, plain here)."""

    string: str | None = None
    bytes: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPDirectResponse(Message):
    """Answer without an upstream."""

    status: int = 0
    body: HTTPBody | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegate(Message):
    """Another VirtualService whose routes stand here; an unset namespace is that of the root."""

    name: str | None = None
    namespace: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegexRewrite(Message):
    """RE2 and its replacement with `\\1`."""

    match: str | None = None
    rewrite: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPRewrite(Message):
    """What the upstream sees in place of path and authority."""

    uri: str | None = None
    authority: str | None = None
    uri_regex_rewrite: RegexRewrite | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPRetry(Message):
    """`attempts` N means up to N + 1 tries; 0 or unset switches retries off."""

    attempts: int | None = None
    per_try_timeout: Duration | None = None
    retry_on: str | None = None
    retry_remote_localities: bool | None = None
    retry_ignore_previous_hosts: bool | None = None
    backoff: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay(Message):
    """A delay before the request goes on; `percent` is the older, whole-numbered form."""

    percent: int | None = None
    fixed_delay: Duration | None = None
    exponential_delay: Duration | None = None
    percentage: Percent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort(Message):
    """An error in place of an answer."""

    http_status: int | None = None
    grpc_status: str | None = None
    http2_error: str | None = None
    percentage: Percent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPFaultInjection(Message):
    """Faults made on purpose by the proxy itself."""

    delay: Delay | None = None
    abort: Abort | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPMirrorPolicy(Message):
    """A copy of the requests goes to `destination`; an unset percentage is 100."""

    destination: Destination = field(default_factory=Destination)
    percentage: Percent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsPolicy(Message):
    """Cross-origin resource sharing."""

    allow_origin: tuple[str, ...] = ()
    allow_origins: tuple[StringMatch, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age: Duration | None = None
    allow_credentials: bool | None = None
    unmatched_preflights: UnmatchedPreflights | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPRoute(Message):
    """One rule for HTTP; the matches are alternatives. An unset `timeout` is none at all."""

    name: str | None = None
    match: tuple[HTTPMatchRequest, ...] = ()
    route: tuple[HTTPRouteDestination, ...] = ()
    redirect: HTTPRedirect | None = None
    direct_response: HTTPDirectResponse | None = None
    delegate: Delegate | None = None
    rewrite: HTTPRewrite | None = None
    timeout: Duration | None = None
    retries: HTTPRetry | None = None
    fault: HTTPFaultInjection | None = None
    mirror: Destination | None = None
    mirrors: tuple[HTTPMirrorPolicy, ...] = ()
    mirror_percent: int | None = None
    mirror_percentage: Percent | None = None
    cors_policy: CorsPolicy | None = None
    headers: Headers | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteDestination(Message):
    """One destination of a split of connections."""

    destination: Destination = field(default_factory=Destination)
    weight: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TLSMatchAttributes(Message):
    """Conditions on a TLS connection that stays encrypted."""

    sni_hosts: tuple[str, ...] = ()
    destination_subnets: tuple[str, ...] = ()
    port: int | None = None
    source_labels: Mapping[str, str] = field(default_factory=dict)
    gateways: tuple[str, ...] = ()
    source_namespace: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TLSRoute(Message):
    """One rule for TLS that stays encrypted; the matches are alternatives."""

    match: tuple[TLSMatchAttributes, ...] = ()
    route: tuple[RouteDestination, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class L4MatchAttributes(Message):
    """Conditions on a TCP connection."""

    destination_subnets: tuple[str, ...] = ()
    port: int | None = None
    source_subnet: str | None = None
    source_labels: Mapping[str, str] = field(default_factory=dict)
    gateways: tuple[str, ...] = ()
    source_namespace: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TCPRoute(Message):
    """One rule for TCP; the matches are alternatives."""

    match: tuple[L4MatchAttributes, ...] = ()
    route: tuple[RouteDestination, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualService(Message):
    """A VirtualService object; host names keep their case. Unset `gateways` mean `mesh`."""

    metadata: Metadata = field(default_factory=Metadata)
    hosts: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    http: tuple[HTTPRoute, ...] = ()
    tls: tuple[TLSRoute, ...] = ()
    tcp: tuple[TCPRoute, ...] = ()
    export_to: tuple[str, ...] = ()
