"""The addresses of a cluster, grouped by locality, as a ClusterLoadAssignment (CL-5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from unstale.envoy.endpoint import MESH_TLS, NO_TLS, Endpoint
from unstale.envoy.locality import Group
from unstale.envoy.resource import Json
from unstale.envoy.topology import locality_message


def select(endpoints: Iterable[Endpoint], labels: Mapping[str, str]) -> tuple[Endpoint, ...]:
    """Those with all of these labels; a subset without labels has all."""
    return tuple(
        endpoint for endpoint in endpoints if all(endpoint.labels.get(name) == value for name, value in labels.items())
    )


def grouped(endpoints: Iterable[Endpoint]) -> list[Group]:
    """One group a locality, in the order of their names."""
    found: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints:
        found.setdefault(endpoint.locality, []).append(endpoint)
    return [
        Group(locality=name, endpoints=tuple(found[name]), weight=sum(endpoint.weight for endpoint in found[name]))
        for name in sorted(found)
    ]


def load_assignment(cluster_name: str, groups: Iterable[Group], *, may_use_mesh_tls: bool | None) -> Json:
    """Envoy's form; without endpoints the name alone. `may_use_mesh_tls` None leaves it to the endpoints."""
    assignment: Json = {"cluster_name": cluster_name}
    found = [_group(group, may_use_mesh_tls) for group in groups]
    if found:
        assignment["endpoints"] = found
    return assignment


def _group(group: Group, may_use_mesh_tls: bool | None) -> Json:
    value: Json = {"locality": locality_message(group.locality), "load_balancing_weight": group.weight}
    if group.endpoints:
        value["lb_endpoints"] = [_endpoint(endpoint, may_use_mesh_tls) for endpoint in group.endpoints]
    if group.priority:
        value["priority"] = group.priority
    return value


def _endpoint(endpoint: Endpoint, may_use_mesh_tls: bool | None) -> Json:
    """An endpoint of which only the network is known has no address (SE-7); Envoy refuses it."""
    address: Json = {"socket_address": {"port_value": endpoint.port}}
    if not endpoint.port:
        address = {"pipe": {"path": endpoint.address}}
    elif endpoint.address:
        address["socket_address"]["address"] = endpoint.address
    value: Json = {"endpoint": {"address": address}, "load_balancing_weight": endpoint.weight}
    uses_mesh_tls = endpoint.tls_mode == MESH_TLS if may_use_mesh_tls is None else may_use_mesh_tls
    if uses_mesh_tls and endpoint.tls_mode not in ("", NO_TLS):
        value["metadata"] = {"filter_metadata": {"envoy.transport_socket_match": {"tlsMode": endpoint.tls_mode}}}
    return value
