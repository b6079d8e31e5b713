"""Envoy's HttpProtocolOptions of a cluster: which HTTP the upstream hears, and how long a connection lives.

Plain HTTP and TCP clusters have none at all until some setting needs one, and then HTTP/1.1 must be said (CL-8).
"""

from __future__ import annotations

from dataclasses import dataclass

from unstale.envoy.protocol import Protocol
from unstale.envoy.release import Release
from unstale.envoy.resource import Json, any_of, typed

NAME = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
PRESERVED_CASE: Json = {
    "header_key_format": {
        "stateful_formatter": typed(
            "preserve_case", "extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig"
        )
    }
}
_TYPE = "extensions.upstreams.http.v3.HttpProtocolOptions"


@dataclass(slots=True)
class HttpProtocolOptions:
    """Collected while a cluster is made; what stays None is left out."""

    http2: Json | None = None
    is_downstream: bool = False
    common: Json | None = None
    error_matcher: Json | None = None
    upstream: Json | None = None
    http1: Json | None = None

    def use_http2(self, release: Release) -> None:
        """HTTP/2 towards the upstream, unless it follows the client or was given options of HTTP/1.1."""
        if release.upgrades_detected:
            self.is_downstream, self.http1 = False, None
        if not self.is_downstream and self.http2 is None and self.http1 is None:
            self.http2 = {}

    def use_client_protocol(self) -> None:
        """Whatever the client spoke; wins over HTTP/2 and what was set for it."""
        self.is_downstream, self.http2 = True, None

    def extension(self) -> Json:
        """The cluster's field, empty if nothing needs one."""
        fields: Json = {}
        if self.common is not None:
            fields["common_http_protocol_options"] = self.common
        if self.error_matcher is not None:
            fields["outlier_detection"] = {"error_matcher": self.error_matcher}
        if self.upstream is not None:
            fields["upstream_http_protocol_options"] = self.upstream
        http1 = self.http1 or {}
        if self.is_downstream:
            fields["use_downstream_protocol_config"] = {"http_protocol_options": http1, "http2_protocol_options": {}}
        elif self.http2 is not None:
            fields["explicit_http_config"] = {"http2_protocol_options": self.http2}
        elif fields or http1:
            fields["explicit_http_config"] = {"http_protocol_options": http1}
        return {"typed_extension_protocol_options": {NAME: any_of(_TYPE, **fields)}} if fields else {}


def for_protocol(protocol: Protocol, *, keeps_header_case: bool = False) -> HttpProtocolOptions:
    """What a port's protocol alone asks for."""
    if protocol.is_http2:
        return HttpProtocolOptions(http2={})
    options = HttpProtocolOptions(is_downstream=protocol.is_sniffed)
    if keeps_header_case and protocol.is_http_or_sniffed:
        options.http1 = PRESERVED_CASE
    return options
