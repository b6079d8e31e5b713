"""One call through one sidecar's configuration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from unstale.envoy.resource import Json, Kind, Resources
from unstale.simulation.action import act, shares
from unstale.simulation.call import Call, Request
from unstale.simulation.filter_chain import find_chain
from unstale.simulation.listener import find_listener
from unstale.simulation.outcome import Answered, Closed, Outcome, PassedOver, Piped, Routed
from unstale.simulation.path import normalized
from unstale.simulation.route_match import mismatch, undecided
from unstale.simulation.virtual_host import find_virtual_host

_MANAGER = "HttpConnectionManager"
_TCP_PROXY = "TcpProxy"
_SNI_PROXY = "sni_dynamic_forward_proxy"


def simulate(resources: Resources, call: Call) -> Outcome:
    """What Envoy does with the call when these are all of its resources."""
    listener = find_listener(resources.listeners, call.connection)
    if listener is None:
        return Outcome(listener=None, chain=None, end=Closed(because="no listener is there for it"))
    chain = find_chain(listener.value, call.connection)
    if chain is None:
        return Outcome(listener=listener, chain=None, end=Closed(because="no filter chain matches it (NR)"))
    return Outcome(listener=listener, chain=chain, end=_end(resources, chain, call))


def _end(resources: Resources, chain: Json, call: Call) -> Routed | Piped | Closed:
    """What the chain's last filter does."""
    manager, proxy = _filter(chain, _MANAGER), _filter(chain, _TCP_PROXY)
    if manager is not None:
        if call.request is None:
            return Closed(because="the chain expects HTTP and gets TLS (codec error)")
        return _routed(resources, manager, call.request)
    if proxy is None:
        return Closed(because="the chain has no filter that forwards")
    clusters = shares(_weighted(proxy))
    if not clusters:
        return Closed(because="the chain's TCP proxy names no cluster")
    known = {cluster.name for cluster in resources.clusters}
    missing = [share.cluster for share in clusters if share.cluster not in known]
    if len(missing) == len(clusters):
        return Closed(because=f"there is no cluster {missing[0]} (NC)")
    lost = (f"there is no cluster {name}: its share of the connections is closed" for name in missing)
    return Piped(proxy=proxy, clusters=clusters, notes=(*_notes(chain, proxy), *lost))


def _filter(chain: Json, type_name: str) -> Json | None:
    for one in chain.get("filters", ()):
        config: Json = one.get("typed_config", {})
        if config.get("@type", "").endswith(f".{type_name}"):
            return config
    return None


def _weighted(proxy: Json) -> Iterator[tuple[str, int]]:
    if "cluster" in proxy:
        yield proxy["cluster"], 1
    for one in proxy.get("weighted_clusters", {}).get("clusters", ()):
        yield one.get("name", ""), one.get("weight", 0)


def _notes(chain: Json, proxy: Json) -> Iterator[str]:
    if any(_SNI_PROXY in one.get("name", "") for one in chain.get("filters", ())):
        yield "the name in the TLS greeting is looked up"
    if "tunneling_config" in proxy:
        yield f"tunnelled by CONNECT to {proxy['tunneling_config'].get('hostname', '')}"


def _routed(resources: Resources, manager: Json, request: Request) -> Routed:
    configuration = _configuration(resources, manager)
    if configuration is None:
        name = manager.get("rds", {}).get("route_config_name", "")
        return Routed(configuration=name, result=Answered(status=404, because="there is no such route configuration"))
    name = configuration.get("name", "")
    path = normalized(manager, request.path)
    if path.status == 400:
        return Routed(configuration=name, result=Answered(status=400, because="the path has an escaped slash"))
    if path.status:
        return Routed(configuration=name, result=Answered(status=path.status, location=path.path))
    request = replace(request, path=path.path)
    found = find_virtual_host(configuration, request.authority)
    if found is None:
        return Routed(configuration=name, result=Answered(status=404, because="no virtual host matches"))
    passed_over: list[PassedOver] = []
    for place, route in enumerate(found.value.get("routes", ())):
        because = mismatch(route.get("match", {}), request)
        if not because:
            return Routed(
                configuration=name,
                virtual_host=found,
                passed_over=tuple(passed_over),
                place=place,
                route=route,
                result=act(route, request, frozenset(cluster.name for cluster in resources.clusters)),
            )
        passed_over.append(PassedOver(name=route.get("name", ""), because=because))
    return Routed(
        configuration=name,
        virtual_host=found,
        passed_over=tuple(passed_over),
        result=Answered(status=404, because="no route matches"),
    )


def _configuration(resources: Resources, manager: Json) -> Json | None:
    if "route_config" in manager:
        inline: Json = manager["route_config"]
        return inline
    resource = resources.find(Kind.ROUTE, manager.get("rds", {}).get("route_config_name", ""))
    return resource.value if resource else None


def undecided_of(routed: Routed) -> tuple[str, ...]:
    """What of the chosen route's match depends on more than the request."""
    return undecided(routed.route.get("match", {})) if routed.route else ()
