"""Rules for MeshConfig, as the control plane itself has them (`ValidateMeshConfig`)."""

from __future__ import annotations

from unstale.istio.faults import Faults
from unstale.istio.mesh import MeshConfig
from unstale.istio.validation.values import check_durations, check_port


def check_mesh(mesh: MeshConfig, faults: Faults) -> None:
    """Everything above the types."""
    check_port(mesh, "proxy_listen_port", mesh.proxy_listen_port, faults)
    check_port(mesh, "proxy_inbound_listen_port", mesh.proxy_inbound_listen_port, faults)
    check_durations(mesh, faults, "connect_timeout")
