"""ProxyConfig: the settings of one proxy, of the mesh's `defaultConfig` or of a pod's own.

Names and meaning follow istio/api, `mesh/v1alpha1/proxy.proto`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from unstale.istio.duration import Duration
from unstale.istio.message import Message


class ConnectionProfile(StrEnum):
    """Whose defaults the connection settings have."""

    SIDECAR = "SIDECAR"
    EDGE = "EDGE"


class HeadersWithUnderscoresAction(StrEnum):
    """What is done to headers with underscores in their names."""

    HEADERS_WITH_UNDERSCORES_UNSPECIFIED = "HEADERS_WITH_UNDERSCORES_UNSPECIFIED"
    HEADERS_WITH_UNDERSCORES_ALLOW = "HEADERS_WITH_UNDERSCORES_ALLOW"
    HEADERS_WITH_UNDERSCORES_REJECT_REQUEST = "HEADERS_WITH_UNDERSCORES_REJECT_REQUEST"
    HEADERS_WITH_UNDERSCORES_DROP_HEADER = "HEADERS_WITH_UNDERSCORES_DROP_HEADER"


class PathWithEscapedSlashesAction(StrEnum):
    """What is done to paths with `%2F` or `%5C`."""

    PATH_WITH_ESCAPED_SLASHES_UNSPECIFIED = "PATH_WITH_ESCAPED_SLASHES_UNSPECIFIED"
    KEEP_UNCHANGED = "KEEP_UNCHANGED"
    REJECT_REQUEST = "REJECT_REQUEST"
    UNESCAPE_AND_REDIRECT = "UNESCAPE_AND_REDIRECT"
    UNESCAPE_AND_FORWARD = "UNESCAPE_AND_FORWARD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server(Message):
    """The `server` header."""

    disabled: bool | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisabledHeader(Message):
    """A header that is there unless it is disabled; Istio has a message for each."""

    disabled: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnabledHeader(Message):
    """A header that is not there unless it is enabled; Istio has a message for each."""

    enabled: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyHeaders(Message):
    """Headers that the proxy adds or keeps."""

    UNREAD = (*("forwardedClientCert", "setCurrentClientCertDetails", "metadataExchangeHeaders"),)

    server: Server | None = None
    request_id: DisabledHeader | None = None
    attempt_count: DisabledHeader | None = None
    envoy_debug_headers: DisabledHeader | None = None
    preserve_http1_header_case: bool | None = None
    x_forwarded_host: EnabledHeader | None = None
    x_forwarded_port: EnabledHeader | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings(Message):
    """Limits of the connections that the proxy accepts."""

    profile: ConnectionProfile | None = None
    listener_per_connection_buffer_limit_bytes: int | None = None
    cluster_per_connection_buffer_limit_bytes: int | None = None
    http_idle_timeout: Duration | None = None
    http_max_connection_duration: Duration | None = None
    http_drain_timeout: Duration | None = None
    http_request_timeout: Duration | None = None
    http_request_headers_timeout: Duration | None = None
    http_stream_idle_timeout: Duration | None = None
    http_max_stream_duration: Duration | None = None
    http_max_concurrent_streams: int | None = None
    http2_initial_stream_window_size: int | None = None
    http2_initial_connection_window_size: int | None = None
    http_headers_with_underscores_action: HeadersWithUnderscoresAction | None = None
    http_merge_slashes: bool | None = None
    http_path_with_escaped_slashes_action: PathWithEscapedSlashesAction | None = None
    listener_connection_limit: int | None = None
    global_downstream_connection_limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyStatsMatcher(Message):
    """The statistics that Envoy keeps besides those that it must."""

    inclusion_prefixes: tuple[str, ...] = ()
    inclusion_suffixes: tuple[str, ...] = ()
    inclusion_regexps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyConfig(Message):
    """The part of Istio's ProxyConfig that is applied; `UNREAD` are the fields that shape nothing here."""

    UNREAD = (
        *("configPath", "binaryPath", "serviceCluster", "tracingServiceName", "drainDuration", "discoveryAddress"),
        *("discoveryRefreshDelay", "zipkinAddress", "statsdUdpAddress", "envoyMetricsServiceAddress"),
        *("proxyAdminPort", "availabilityZone", "controlPlaneAuthPolicy", "customConfigFile", "statNameLength"),
        *("concurrency", "proxyBootstrapTemplatePath", "interceptionMode", "tracing", "sds", "envoyAccessLogService"),
        *("envoyMetricsService", "runtimeValues", "statusPort", "extraStatTags", "gatewayTopology"),
        *("terminationDrainDuration", "meshId", "readinessProbe"),
        *("holdApplicationUntilProxyStarts", "caCertificatesPem", "image", "privateKeyProvider"),
        *("fileFlushInterval", "fileFlushMinSizeKb", "statsCompression"),
    )

    proxy_metadata: Mapping[str, str] = field(default_factory=dict)
    proxy_headers: ProxyHeaders | None = None
    connection_settings: ConnectionSettings | None = None
    proxy_stats_matcher: ProxyStatsMatcher | None = None
