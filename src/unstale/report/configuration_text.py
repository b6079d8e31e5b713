"""Envoy's configuration as tables, in the manner of `istioctl proxy-config`, with the manifest behind each line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from unstale.comparison.piece import pieces_of
from unstale.envoy.resource import Json, Kind, Origins, Resources, Traced
from unstale.explanation.cluster import cluster_facts
from unstale.explanation.fact import Fact
from unstale.explanation.route import route_facts
from unstale.istio.message import Message
from unstale.model.origin import Origin
from unstale.report.columns import columns

_WHY = "WHY"
_SHOWN = 3
Row = Sequence[str]


def configuration_text(resources: Resources, kinds: Iterable[Kind]) -> str:
    """One table a kind; a kind without resources has none."""
    tables = ((_TITLES[kind], list(_ROWS[kind](resources))) for kind in kinds)
    return "\n".join(columns([title, *rows]) for title, rows in tables if rows)


def details_text(resources: Resources, mesh: Message | None) -> str:
    """Route by route and cluster by cluster, every setting and who has said so."""
    rows: list[Row] = []
    for configuration in resources.routes:
        for virtual_host in configuration.value.get("virtual_hosts", ()):
            for route in virtual_host.get("routes", ()):
                title = f"{virtual_host.get('name', '')} {route_words(route)}"
                rows += _details("route", title, _origin(route), route_facts(route, mesh))
    for cluster in resources.clusters:
        rows += _details("cluster", cluster.name, _places(cluster.origins), cluster_facts(cluster.value, mesh))
    return columns(rows)


def route_words(route: Json) -> str:
    """What the route matches, in short."""
    match = route.get("match", {})
    words = [f"{kind} {match[kind]}" for kind in ("path", "prefix", "path_separated_prefix") if kind in match]
    if "safe_regex" in match:
        words.append(f"regex {match['safe_regex'].get('regex', '')}")
    words += [one["name"] for one in match.get("headers", ())]
    words += [f"?{one['name']}" for one in match.get("query_parameters", ())]
    return " ".join(words)


def _details(kind: str, title: str, origin: str, facts: Iterable[Fact]) -> Iterator[Row]:
    yield kind, title, origin
    for fact in facts:
        yield f"  {fact.name}", fact.value, fact.why


def _listeners(resources: Resources) -> Iterator[Row]:
    order = {listener.name: listener.value for listener in resources.listeners}
    for piece in pieces_of(resources).values():
        if piece.kind != "filter chain":
            continue
        place = order[piece.inside].get("address", {}).get("socket_address", {})
        yield (
            str(place.get("address", "")),
            str(place.get("port_value", "")),
            _chain_words(piece.value, piece.name),
            ", ".join(_destinations(piece.value)),
            _places(piece.origins),
        )


def _chain_words(chain: Json, name: str) -> str:
    match = chain.get("filter_chain_match", {})
    words = []
    if "destination_port" in match:
        words.append(f"port {match['destination_port']}")
    if "prefix_ranges" in match:
        words.append(_some([f"{one['address_prefix']}/{one.get('prefix_len', 0)}" for one in match["prefix_ranges"]]))
    if "server_names" in match:
        words.append(f"SNI {_some(match['server_names'])}")
    if "transport_protocol" in match:
        words.append(match["transport_protocol"])
    if "application_protocols" in match:
        words.append(_some(match["application_protocols"]))
    return "; ".join(words) or ("otherwise" if name == "default" else "all")


def _destinations(chain: Json) -> Iterator[str]:
    for one in chain.get("filters", ()):
        config = one.get("typed_config", {})
        if "rds" in config:
            yield f"route {config['rds'].get('route_config_name', '')}"
        if "route_config" in config:
            yield f"route {config['route_config'].get('name', 'of its own')}"
        if "cluster" in config:
            yield config["cluster"]
        for weighted in config.get("weighted_clusters", {}).get("clusters", ()):
            yield weighted["name"]


def _routes(resources: Resources) -> Iterator[Row]:
    for configuration in resources.routes:
        for virtual_host in configuration.value.get("virtual_hosts", ()):
            name = virtual_host.get("name", "")
            for route in virtual_host.get("routes", ()):
                yield (
                    configuration.name,
                    name,
                    _some(virtual_host.get("domains", ())),
                    route_words(route),
                    _target(route),
                    _origin(route) or _places(configuration.parts.get(name, ())),
                )


def _target(route: Json) -> str:
    if "redirect" in route:
        return "redirect"
    if "direct_response" in route:
        return f"answer {route['direct_response'].get('status', '')}"
    action = route.get("route", {})
    weighted = action.get("weighted_clusters", {}).get("clusters", ())
    return ", ".join(f"{one['name']} ({one.get('weight', 0)})" for one in weighted) or action.get("cluster", "")


def _clusters(resources: Resources) -> Iterator[Row]:
    for cluster in resources.clusters:
        kind = cluster.value.get("cluster_type", {}).get("name") or cluster.value.get("type", "STATIC")
        parts = cluster.name.split("|")
        if len(parts) == 4:
            _, port, subset, host = parts
            yield host, port, subset or "-", kind, _places(cluster.origins)
        else:
            yield cluster.name, "-", "-", kind, _places(cluster.origins)


def _endpoints(resources: Resources) -> Iterator[Row]:
    for cluster in (*resources.clusters, *resources.endpoints):
        assignment = cluster.value.get("load_assignment", cluster.value)
        for address in dict.fromkeys(_addresses(assignment)):
            yield address, cluster.name, _places(cluster.origins)


def _addresses(assignment: Json) -> Iterator[str]:
    for locality in assignment.get("endpoints", ()):
        for endpoint in locality.get("lb_endpoints", ()):
            address = endpoint.get("endpoint", {}).get("address", {})
            place = address.get("socket_address")
            yield (
                f"{place['address']}:{place.get('port_value', '')}" if place else str(next(iter(address.values()), ""))
            )


def _origin(value: Json) -> str:
    return str(value.sources[0].origin) if isinstance(value, Traced) and value.sources else ""


def _places(origins: Origins | Iterable[Origin]) -> str:
    return _some(list(map(str, origins)), separator=" ")


def _some(texts: Sequence[str], *, separator: str = ", ") -> str:
    more = len(texts) - _SHOWN
    return separator.join(texts[:_SHOWN]) + (f" +{more}" if more > 0 else "")


_TITLES: dict[Kind, Row] = {
    Kind.LISTENER: ("LISTENER", "PORT", "MATCH", "DESTINATION", _WHY),
    Kind.ROUTE: ("ROUTE", "VIRTUAL HOST", "DOMAINS", "MATCH", "DESTINATION", _WHY),
    Kind.CLUSTER: ("CLUSTER", "PORT", "SUBSET", "TYPE", _WHY),
    Kind.ENDPOINT: ("ENDPOINT", "CLUSTER", _WHY),
}
_ROWS = {Kind.LISTENER: _listeners, Kind.ROUTE: _routes, Kind.CLUSTER: _clusters, Kind.ENDPOINT: _endpoints}
