"""What becomes of traffic that no manifest names: the mesh's word, or that of the Sidecar that is in force."""

from __future__ import annotations

from dataclasses import dataclass

from unstale.envoy import cluster_name
from unstale.envoy.cluster_name import BLACK_HOLE, PASSTHROUGH
from unstale.istio.destination_rule import ClientTLSSettings
from unstale.istio.mesh import MeshConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundPolicy:
    """`egress_proxy` is the cluster that a Sidecar sends it to, `tls` is for hosts that are looked up on the way."""

    is_open: bool = True
    looks_up_hosts: bool = False
    egress_proxy: str | None = None
    tls: ClientTLSSettings | None = None

    @property
    def cluster(self) -> str:
        """Where connections go; those are never looked up, whatever the mode."""
        return (self.egress_proxy or PASSTHROUGH) if self.is_open else BLACK_HOLE

    @property
    def request_cluster(self) -> str:
        """Where requests go."""
        return cluster_name.ANY_HOST if self.looks_up_hosts else self.cluster


def mesh_policy(mesh: MeshConfig) -> OutboundPolicy:
    """Without a Sidecar's own word; an empty block means REGISTRY_ONLY (LI-1)."""
    policy = mesh.outbound_traffic_policy
    mode = policy.mode or "REGISTRY_ONLY"
    return OutboundPolicy(
        is_open=mode != "REGISTRY_ONLY", looks_up_hosts=mode == "ALLOW_ANY_DYNAMIC_DNS", tls=policy.tls
    )
