"""The names under which Envoy keeps its numbers, where the mesh chooses them (outboundClusterStatName)."""

from __future__ import annotations

from unstale.envoy.service import Port, Service
from unstale.istio.destination_rule import Subset
from unstale.istio.mesh import MeshConfig


def alternative_stat_name(mesh: MeshConfig, cluster: str, service: Service, port: Port, subset: Subset | None) -> str:
    """A cluster's; the semicolon tells Istio's own tools where the name ends."""
    return f"{stat_prefix(mesh, service, port, subset.name if subset else '') or cluster};"


def stat_prefix(mesh: MeshConfig, service: Service, port: Port, subset: str) -> str:
    """The mesh's pattern filled in, empty where it has none; hosts outside of Kubernetes have no shorter name."""
    text = mesh.outbound_cluster_stat_name
    if not text:
        return ""
    values = {
        "%SERVICE%": service.host,
        "%SERVICE_NAME%": service.host,
        "%SERVICE_FQDN%": service.host,
        "%SUBSET_NAME%": subset,
        "%TARGET_PORT%": "0",
        "%SERVICE_PORT%": str(port.number),
        "%SERVICE_PORT_NAME%": port.name,
    }
    for pattern, value in values.items():
        text = text.replace(pattern, value)
    return text
