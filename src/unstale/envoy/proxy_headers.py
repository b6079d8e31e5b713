"""proxyHeaders: which headers the sidecar adds by itself, and how it writes their names."""

from __future__ import annotations

from dataclasses import dataclass

from unstale.envoy.release import Release
from unstale.envoy.resource import Json
from unstale.istio.proxy_config import ProxyHeaders


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderPolicy:
    """The settings that are in force, with Istio's defaults for outbound traffic."""

    keeps_case: bool = False
    counts_attempts: bool = True
    forwards_host: bool = False
    forwards_port: bool = False
    numbers_requests: bool = True
    hides_envoy: bool = False
    hides_server: bool = False
    server: str = ""

    def manager_fields(self) -> Json:
        """Their part of the connection manager."""
        fields: Json = {}
        if self.forwards_port:
            fields["append_x_forwarded_port"] = True
        if self.hides_server:
            fields["server_header_transformation"] = "PASS_THROUGH"
        elif self.server:
            fields["server_name"] = self.server
        if not self.numbers_requests:
            fields["generate_request_id"] = False
        return fields

    def router_fields(self) -> Json:
        """Their part of the router."""
        return {"suppress_envoy_headers": True} if self.hides_envoy else {}


def header_policy(headers: ProxyHeaders | None, release: Release) -> HeaderPolicy:
    """From Istio's settings."""
    if headers is None:
        return HeaderPolicy()
    tells_forwarded = release.tells_forwarded_host
    return HeaderPolicy(
        keeps_case=bool(headers.preserve_http1_header_case) and release.keeps_header_case,
        counts_attempts=not (headers.attempt_count and headers.attempt_count.disabled),
        forwards_host=tells_forwarded and bool(headers.x_forwarded_host and headers.x_forwarded_host.enabled),
        forwards_port=tells_forwarded and bool(headers.x_forwarded_port and headers.x_forwarded_port.enabled),
        numbers_requests=not (headers.request_id and headers.request_id.disabled),
        hides_envoy=bool(headers.envoy_debug_headers and headers.envoy_debug_headers.disabled),
        hides_server=bool(headers.server and headers.server.disabled),
        server=(headers.server.value or "") if headers.server else "",
    )
