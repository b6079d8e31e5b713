"""How a cluster's connections start: bytes as they are, TLS, and the PROXY header before either."""

from __future__ import annotations

from unstale.envoy.endpoint import MESH_TLS
from unstale.envoy.http_protocol_options import HttpProtocolOptions
from unstale.envoy.resource import Json, typed
from unstale.envoy.scope import Scope
from unstale.envoy.upstream_tls import Upstream, Wanted, tls_socket, wanted_tls
from unstale.istio.destination_rule import ProxyProtocol, TrafficPolicy

_SOCKETS = "extensions.transport_sockets"
_PROXY_PROTOCOL = "envoy.transport_sockets.upstream_proxy_protocol"


def apply_transport(
    cluster: Json, policy: TrafficPolicy, upstream: Upstream, options: HttpProtocolOptions, scope: Scope
) -> Wanted | None:
    """Write the sockets into the cluster; returns the TLS that is in force."""
    wanted = wanted_tls(policy.tls, upstream, scope.proxy)
    if wanted is not None:
        socket = tls_socket(wanted.settings, upstream, options, scope.mesh, scope.release, cluster["name"])
        if socket is not None and wanted.is_automatic and cluster.get("type") != "ORIGINAL_DST":
            cluster["transport_socket_matches"] = _by_endpoint(socket)
        elif socket is not None:
            cluster["transport_socket"] = socket
    if policy.proxy_protocol is not None:
        _wrap_in_proxy_protocol(cluster, policy.proxy_protocol)
    return wanted


def _by_endpoint(mesh_tls: Json) -> list[Json]:
    """The mesh's own TLS for the endpoints that are marked for it, plain text for all others."""
    return [
        {"name": f"tlsMode-{MESH_TLS}", "match": {"tlsMode": MESH_TLS}, "transport_socket": mesh_tls},
        {
            "name": "tlsMode-disabled",
            "match": {},
            "transport_socket": _raw_buffer("envoy.transport_sockets.raw_buffer"),
        },
    ]


def _wrap_in_proxy_protocol(cluster: Json, proxy_protocol: ProxyProtocol) -> None:
    """The header goes before whatever the connection would start with."""
    for match in cluster.get("transport_socket_matches", ()):
        match["transport_socket"] = _wrapped(match["transport_socket"], proxy_protocol)
    if "transport_socket" in cluster or "transport_socket_matches" not in cluster:
        inner = cluster.get("transport_socket") or _raw_buffer("raw_buffer")
        cluster["transport_socket"] = _wrapped(inner, proxy_protocol)


def _wrapped(inner: Json, proxy_protocol: ProxyProtocol) -> Json:
    version = proxy_protocol.version
    return typed(
        _PROXY_PROTOCOL,
        f"{_SOCKETS}.proxy_protocol.v3.ProxyProtocolUpstreamTransport",
        config={"version": version} if version and version != "V1" else {},
        transport_socket=inner,
    )


def _raw_buffer(name: str) -> Json:
    """No encryption."""
    return typed(name, f"{_SOCKETS}.raw_buffer.v3.RawBuffer")
