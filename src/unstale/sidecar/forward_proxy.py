"""Turn what a captured pod gets into a forward proxy: the same routes, chosen by what a client asks a proxy for.

A captured connection brings the address that it was meant for; a proxy's client brings a name. So every cluster that
follows the original destination looks the name up instead. An absolute URL takes the routes of its port: Istio's own
route for its HTTP proxy port knows no ports, and a host with two of them would always get the first. The inside of a
CONNECT goes to the listener that would have captured the connection, made internal to Envoy: there TLS is told apart
by its server name, plain HTTP takes the routes of its port, and TCP goes where its address would have led.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from unstale.envoy.inputs import Configuration
from unstale.envoy.resource import Resource, Resources
from unstale.sidecar.access_log import VIRTUAL_OUTBOUND
from unstale.sidecar.handover import Address

Json = dict[str, Any]

ROUTE = "http_proxy"
NOT_APPLIED = "http-policy-cannot-apply"
"""Ends the route name that the access log gives a CONNECT whose inside is not plain HTTP."""

_TYPE = "type.googleapis.com/envoy.extensions."
_MANAGER = "envoy.filters.network.http_connection_manager"
_TCP_PROXY = "envoy.filters.network.tcp_proxy"
_ROUTER = "envoy.filters.http.router"
_HTTP_PORT = "80"
_CACHE: Json = {"name": "unstale", "dns_lookup_family": "V4_PREFERRED"}
"""All dynamic hosts share one cache of look-ups, as Envoy demands of equal names."""


def as_forward_proxy(found: Configuration, address: Address) -> Resources:
    """The resources of a proxy at `address`; `found` was compiled with the mesh's HTTP proxy port set."""
    resources = found.resources
    inner = {one.name: one for one in resources.listeners if one.value.get("bind_to_port") is False}
    front = next(one for one in resources.listeners if _route_name(one.value) == ROUTE)
    dynamic = {one.name for one in resources.clusters if one.value.get("type") == "ORIGINAL_DST"}
    ways = dict(_ways(found, inner))
    return Resources(
        listeners=(
            _front(front, address),
            *(_internal(inner[name], dynamic) for name in dict.fromkeys(ways.values())),
            *(
                one
                for one in resources.listeners
                if one is not front and one.name != VIRTUAL_OUTBOUND and one.name not in inner
            ),
        ),
        routes=tuple(
            _front_route(one, resources.routes, ways) if one.name == ROUTE else one for one in resources.routes
        ),
        clusters=(
            *(_dynamic(one) if one.name in dynamic else one for one in resources.clusters),
            *(_tunnel(inner[name]) for name in dict.fromkeys(ways.values())),
        ),
        endpoints=resources.endpoints,
    )


def _ways(found: Configuration, inner: Mapping[str, Resource]) -> Iterator[tuple[str, str]]:
    """`host:port` of every known host, and the listener that would have captured a connection to it."""
    for entry in found.manifests.service_entries:
        for port in entry.ports:
            names = [f"{address}_{port.number}" for address in (*entry.addresses, "0.0.0.0", "::")]
            name = next((one for one in names if one in inner), None)
            if name is not None:
                for host in (*entry.hosts, *entry.addresses):
                    yield f"{host.lower()}:{port.number}", name


def _front(listener: Resource, address: Address) -> Resource:
    value = {key: inner for key, inner in listener.value.items() if key != "additional_addresses"}
    value["address"] = {"socket_address": {"address": address[0], "port_value": address[1]}}
    value["filter_chains"] = [
        {**chain, "filters": [_accepting_connect(_looking_up(one)) for one in chain["filters"]]}
        for chain in value["filter_chains"]
    ]
    return replace(listener, value=value)


def _accepting_connect(one: Json) -> Json:
    config = one["typed_config"]
    upgrades = [*config.get("upgrade_configs", ()), {"upgrade_type": "CONNECT"}]
    return {**one, "typed_config": {**config, "upgrade_configs": upgrades}}


def _internal(listener: Resource, dynamic: set[str]) -> Resource:
    dropped = ("address", "additional_addresses", "bind_to_port", "use_original_dst", "filter_chains")
    value = {key: inner for key, inner in listener.value.items() if key not in dropped}
    port = listener.value["address"]["socket_address"]["port_value"]
    chains = [_inner_chain(chain, dynamic, port) for chain in listener.value["filter_chains"]]
    if "default_filter_chain" in value:
        value["default_filter_chain"] = _inner_chain(value["default_filter_chain"], dynamic, port)
    return replace(listener, value={**value, "internal_listener": {}, "filter_chains": chains})


def _inner_chain(chain: Json, dynamic: set[str], port: int) -> Json:
    filters: list[Json] = []
    for one in chain["filters"]:
        if one["name"] == _TCP_PROXY and one["typed_config"].get("cluster") in dynamic:
            kind = "filters.network.sni_dynamic_forward_proxy.v3.FilterConfig"
            config = {"@type": _TYPE + kind, "port_value": port, "dns_cache_config": _CACHE}
            filters.append({"name": "envoy.filters.network.sni_dynamic_forward_proxy", "typed_config": config})
        filters.append(_looking_up(one))
    return {**chain, "filters": filters}


def _looking_up(one: Json) -> Json:
    """An HTTP connection manager that looks up the names of dynamic hosts before it routes."""
    if one["name"] != _MANAGER:
        return one
    config = {"@type": f"{_TYPE}filters.http.dynamic_forward_proxy.v3.FilterConfig", "dns_cache_config": _CACHE}
    looking = {"name": "envoy.filters.http.dynamic_forward_proxy", "typed_config": config}
    filters: list[Json] = []
    for each in one["typed_config"]["http_filters"]:
        filters += [looking, each] if each["name"] == _ROUTER else [each]
    return {**one, "typed_config": {**one["typed_config"], "http_filters": filters}}


def _dynamic(cluster: Resource) -> Resource:
    dropped = ("type", "original_dst_lb_config")
    value = {key: inner for key, inner in cluster.value.items() if key not in dropped}
    kind = {
        "name": "envoy.clusters.dynamic_forward_proxy",
        "typed_config": {
            "@type": f"{_TYPE}clusters.dynamic_forward_proxy.v3.ClusterConfig",
            "dns_cache_config": _CACHE,
        },
    }
    return replace(cluster, value={**value, "cluster_type": kind, "lb_policy": "CLUSTER_PROVIDED"})


def _tunnel(listener: Resource) -> Resource:
    name = _tunnel_name(listener.name)
    address = {"envoy_internal_address": {"server_listener_name": listener.name}}
    assignment = {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}
    return Resource(
        name=name, value={"name": name, "type": "STATIC", "load_assignment": assignment}, origins=listener.origins
    )


def _tunnel_name(listener: str) -> str:
    return f"connect|{listener}"


def _front_route(front: Resource, routes: Iterable[Resource], ways: Mapping[str, str]) -> Resource:
    """The routes of all ports in one, and CONNECT at the front of every host."""
    anywhere = [host for host in front.value["virtual_hosts"] if host["domains"] == ["*"]]
    hosts: list[Json] = []
    placed: set[str] = set()
    for route in routes:
        port = route.name.rpartition(":")[2]
        for host in route.value["virtual_hosts"] if port.isdigit() else ():
            domains = [name for domain in host["domains"] for name in _with_port(domain, port) if name not in placed]
            placed.update(domains)
            way = next((ways[domain] for domain in domains if domain in ways), None)
            own = [_connect(way, f"connect:{host['name']}")] if way else []
            if domains:
                hosts.append(
                    {**host, "name": f"{port}|{host['name']}", "domains": domains, "routes": own + host["routes"]}
                )
    for listener in dict.fromkeys(ways.values()):
        domains = [domain for domain, way in ways.items() if way == listener and domain not in placed]
        if domains:
            name = _tunnel_name(listener)
            more = [route for host in anywhere for route in host["routes"]]
            hosts.append(
                {"name": name, "domains": domains, "routes": [_connect(listener, f"{name}:{NOT_APPLIED}"), *more]}
            )
    hosts += [{**host, "routes": [*_connect_anywhere(host), *host["routes"]]} for host in anywhere]
    value = {**front.value, "virtual_hosts": hosts, "ignore_port_in_host_matching": False}
    return replace(front, value=value)


def _with_port(domain: str, port: str) -> Iterator[str]:
    """What names the domain at this port; what stands for all hosts is said once for all ports."""
    if domain != "*":
        yield f"{domain}:{port}"
        if port == _HTTP_PORT:
            yield domain


def _connect(listener: str, name: str) -> Json:
    return _terminated(_tunnel_name(listener), name)


def _connect_anywhere(host: Json) -> list[Json]:
    clusters = [route["route"]["cluster"] for route in host["routes"] if "route" in route]
    return [_terminated(cluster, f"connect|any:{NOT_APPLIED}") for cluster in clusters]


def _terminated(cluster: str, name: str) -> Json:
    return {
        "name": name,
        "match": {"connect_matcher": {}},
        "route": {
            "cluster": cluster,
            "timeout": "0s",
            "upgrade_configs": [{"upgrade_type": "CONNECT", "connect_config": {}}],
        },
    }


def _route_name(listener: Json) -> str:
    filters: Iterable[Json] = (one for chain in listener.get("filter_chains", ()) for one in chain["filters"])
    names = (one["typed_config"].get("rds", {}).get("route_config_name", "") for one in filters)
    return next((name for name in names if name), "")
