"""Hosts that are looked up when a request names them: the cluster, and the filter that asks for the look-up.

The filter and the cluster find each other by the name of a cache. For HTTP the host comes from the request, for TLS
from the server name, and without either nothing can be looked up.
"""

from __future__ import annotations

from unstale.envoy.protocol import Protocol
from unstale.envoy.proxy import Proxy
from unstale.envoy.resource import Json, any_of, typed
from unstale.envoy.scope import Scope
from unstale.envoy.service import Port, Service

_CLUSTER = "envoy.clusters.dynamic_forward_proxy"
_CLUSTER_TYPE = "extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig"
_HTTP = "envoy.filters.http.dynamic_forward_proxy"
_HTTP_TYPE = "extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig"
SERVER_NAME_FILTER = "envoy.extensions.filters.network.sni_dynamic_forward_proxy"
_SERVER_NAME_TYPE = "extensions.filters.network.sni_dynamic_forward_proxy.v3.FilterConfig"
_PROTOCOLS = (Protocol.HTTP, Protocol.TLS, Protocol.GRPC, Protocol.HTTP2)
_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_ANY_CACHE = "allow_any_dfp_dns_cache"
_ANY_HOSTS = 1024
_RESOLVER = ("127.0.0.1", 15053)


def has_cluster(port: Port) -> bool:
    """Other protocols name no host that could be looked up."""
    return port.protocol in _PROTOCOLS


def cluster_fields(cache: Json, *, is_insecure: bool = False) -> Json:
    """What takes the place of the cluster's type; Envoy wants names to be verified unless told that nobody will."""
    fields: Json = {"allow_insecure_cluster_options": True} if is_insecure else {}
    config = any_of(_CLUSTER_TYPE, dns_cache_config=cache, **fields)
    return {"lb_policy": "CLUSTER_PROVIDED", "cluster_type": {"name": _CLUSTER, "typed_config": config}}


def is_refused(cluster: Json) -> bool:
    """Envoy wants names to be checked in a cluster with options of HTTP; one without any it takes (1.40)."""
    kind = cluster.get("cluster_type", {})
    if kind.get("name") != _CLUSTER or kind["typed_config"].get("allow_insecure_cluster_options"):
        return False
    options = cluster.get("typed_extension_protocol_options", {}).get(_OPTIONS)
    upstream = (options or {}).get("upstream_http_protocol_options", {})
    return options is not None and not (upstream.get("auto_sni") and upstream.get("auto_san_validation"))


def http_filter(cache: Json) -> Json:
    """Looks up the host of the request."""
    return typed(_HTTP, _HTTP_TYPE, dns_cache_config=cache)


def server_name_filter(cache: Json, port: int) -> Json:
    """Looks up the server name of the connection."""
    return typed(SERVER_NAME_FILTER, _SERVER_NAME_TYPE, dns_cache_config=cache, port_value=port)


def host_cache(scope: Scope, service: Service) -> Json:
    """The cache of one wildcard host."""
    family = scope.release.dynamic_lookup_family(scope.proxy.dns_lookup_family)
    return {"name": f"{service.host}_dfp_dns_cache", "dns_lookup_family": family}


def any_cache(proxy: Proxy) -> Json:
    """The cache of all hosts that no manifest names; with DNS capture the pod's own DNS proxy answers."""
    cache: Json = {"name": _ANY_CACHE, "dns_lookup_family": proxy.dns_lookup_family, "max_hosts": _ANY_HOSTS}
    if proxy.captures_dns:
        address, port = _resolver(proxy.metadata.get("DNS_PROXY_ADDR", ""))
        cache["typed_dns_resolver_config"] = typed(
            "envoy.network.dns_resolver.cares",
            "extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
            resolvers=[{"socket_address": {"address": address, "port_value": port}}],
        )
    return cache


def _resolver(text: str) -> tuple[str, int]:
    host, sign, port = text.rpartition(":")
    if not sign:
        return _RESOLVER
    host = host.removeprefix("[").removesuffix("]")
    return ("127.0.0.1" if host == "localhost" else host), int(port) if port.isdigit() else _RESOLVER[1]
