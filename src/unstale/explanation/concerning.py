"""The part of a configuration that concerns one host: what its requests can meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from unstale.envoy.resource import Json, Resource, Resources

_MANAGER = "HttpConnectionManager"


def concerning(resources: Resources, host: str) -> Resources:
    """Its virtual hosts, the clusters they lead to, its own clusters, and the listeners on the way there.

    A virtual host concerns it by a domain, a wildcard one only where no other names the host in full.
    """
    host = host.lower()
    routes = tuple(kept for one in resources.routes if (kept := _configuration(one, host)) is not None)
    names = {one.name for one in resources.clusters if _host_of(one.name) == host}
    names.update(cluster for one in routes for cluster in clusters_of_routes(one.value))
    route_names = {one.name for one in routes}
    outbound = {name for name in names if name.startswith("outbound|")}
    return Resources(
        listeners=tuple(
            kept for one in resources.listeners if (kept := _listener(one, host, outbound, route_names)) is not None
        ),
        routes=routes,
        clusters=tuple(one for one in resources.clusters if one.name in names),
        endpoints=tuple(one for one in resources.endpoints if one.name in names),
    )


def hosts_of(resources: Resources) -> Iterator[str]:
    """All hosts that have clusters, in order, each once."""
    yield from dict.fromkeys(_host_of(one.name) for one in resources.clusters if one.name.startswith("outbound|"))


def clusters_of_routes(configuration: Json) -> Iterator[str]:
    """The clusters that requests may be sent or copied to."""
    for virtual_host in configuration.get("virtual_hosts", ()):
        for route in virtual_host.get("routes", ()):
            action = route.get("route", {})
            if "cluster" in action:
                yield action["cluster"]
            for weighted in action.get("weighted_clusters", {}).get("clusters", ()):
                yield weighted["name"]
            for mirror in action.get("request_mirror_policies", ()):
                yield mirror["cluster"]


def _configuration(resource: Resource, host: str) -> Resource | None:
    virtual_hosts = resource.value.get("virtual_hosts", ())
    own = [one for one in virtual_hosts if _is_named(one, host)]
    kept = own or [one for one in virtual_hosts if _is_covered(one, host)]
    if not kept:
        return None
    return replace(resource, value={**resource.value, "virtual_hosts": kept})


def _is_named(virtual_host: Json, host: str) -> bool:
    name = virtual_host.get("name", "").rpartition(":")[0].lower()
    return name == host or any(domain.lower() == host for domain in virtual_host.get("domains", ()))


def _is_covered(virtual_host: Json, host: str) -> bool:
    return any(
        domain.startswith("*.") and host.endswith(domain[1:].lower()) for domain in virtual_host.get("domains", ())
    )


def _listener(resource: Resource, host: str, clusters: set[str], routes: set[str]) -> Resource | None:
    """With the chains that concern the host only."""
    value = dict(resource.value)
    default = value.pop("default_filter_chain", None)
    chains = [one for one in value.get("filter_chains", ()) if _concerns(one, host, clusters, routes)]
    has_default = default is not None and _concerns(default, host, clusters, routes)
    if not chains and not has_default:
        return None
    value["filter_chains"] = chains
    if has_default:
        value["default_filter_chain"] = default
    return replace(resource, value=value)


def _concerns(chain: Json, host: str, clusters: set[str], routes: set[str]) -> bool:
    names = chain.get("filter_chain_match", {}).get("server_names", ())
    if any(name == host or (name.startswith("*.") and host.endswith(name[1:])) for name in names):
        return True
    for one in chain.get("filters", ()):
        config = one.get("typed_config", {})
        if config.get("@type", "").endswith(_MANAGER):
            if config.get("rds", {}).get("route_config_name") in routes:
                return True
        elif not clusters.isdisjoint(_clusters(config)):
            return True
    return False


def _clusters(config: Json) -> Iterable[str]:
    if "cluster" in config:
        yield config["cluster"]
    for weighted in config.get("weighted_clusters", {}).get("clusters", ()):
        yield weighted["name"]


def _host_of(cluster: str) -> str:
    return cluster.rpartition("|")[2].lower()
