"""The addresses of a cluster, grouped by locality, as a ClusterLoadAssignment (CL-5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from unstale.envoy.locality import parse
from unstale.envoy.resource import Json
from unstale.envoy.service import Endpoint


def select(endpoints: Iterable[Endpoint], labels: Mapping[str, str]) -> tuple[Endpoint, ...]:
    """Those with all of these labels; a subset without labels has all."""
    return tuple(
        endpoint for endpoint in endpoints if all(endpoint.labels.get(name) == value for name, value in labels.items())
    )


def load_assignment(cluster_name: str, endpoints: Iterable[Endpoint]) -> Json:
    """One group a locality, in the order of their names; without endpoints the name alone."""
    groups: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints:
        groups.setdefault(endpoint.locality, []).append(endpoint)
    assignment: Json = {"cluster_name": cluster_name}
    if groups:
        assignment["endpoints"] = [_group(locality, groups[locality]) for locality in sorted(groups)]
    return assignment


def _group(locality: str, endpoints: list[Endpoint]) -> Json:
    return {
        "locality": parse(locality),
        "lb_endpoints": [_endpoint(endpoint) for endpoint in endpoints],
        "load_balancing_weight": sum(endpoint.weight for endpoint in endpoints),
    }


def _endpoint(endpoint: Endpoint) -> Json:
    address: Json = {"socket_address": {"address": endpoint.address, "port_value": endpoint.port}}
    if not endpoint.port:
        address = {"pipe": {"path": endpoint.address}}
    value: Json = {"endpoint": {"address": address}, "load_balancing_weight": endpoint.weight}
    if endpoint.is_istio_tls:
        value["metadata"] = {"filter_metadata": {"envoy.transport_socket_match": {"tlsMode": "istio"}}}
    return value
