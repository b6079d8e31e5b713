"""Which Sidecar holds for a proxy, what it says of unknown hosts, and which other one it keeps out (SC-4).

Sidecars are never merged: of several that fit, one counts and the others do nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from unstale.envoy import cluster_name
from unstale.envoy.config_object import age
from unstale.envoy.outbound_policy import OutboundPolicy, mesh_policy
from unstale.envoy.proxy import Proxy
from unstale.istio.mesh import MeshConfig
from unstale.istio.sidecar import OutboundTrafficPolicyMode, Sidecar
from unstale.model.problem import Problem, Severity


def sidecar_for(sidecars: Iterable[Sidecar], proxy: Proxy, mesh: MeshConfig) -> Sidecar | None:
    """The first that fits."""
    return next(_fitting(sidecars, proxy, mesh), None)


def sidecar_policy(sidecar: Sidecar | None, mesh: MeshConfig) -> OutboundPolicy:
    """An object without a mode means REGISTRY_ONLY, no object at all leaves the mesh's word (LI-1)."""
    policy = sidecar.outbound_traffic_policy if sidecar else None
    if policy is None:
        return mesh_policy(mesh)
    proxy = policy.egress_proxy
    return OutboundPolicy(
        is_open=policy.mode is OutboundTrafficPolicyMode.ALLOW_ANY,
        egress_proxy=None if proxy is None else cluster_name.outbound(proxy.host, proxy.port or 0, proxy.subset),
    )


def sidecar_conflicts(sidecars: Iterable[Sidecar], proxy: Proxy, mesh: MeshConfig) -> Iterator[Problem]:
    """One warning for each that would fit as well as the one that counts."""
    fitting = list(_fitting(sidecars, proxy, mesh))
    for other in fitting[1:]:
        first = fitting[0]
        is_like = (other.workload_selector is None) == (first.workload_selector is None)
        if is_like and other.metadata.namespace == first.metadata.namespace:
            yield Problem(
                origin=other.origin,
                what=f"Sidecar {other.metadata.name} has no effect, {first.metadata.name} at {first.origin} is older",
                allowed="Istio does not merge Sidecars: keep one of them, or select other pods.",
                severity=Severity.WARNING,
            )


def _fitting(sidecars: Iterable[Sidecar], proxy: Proxy, mesh: MeshConfig) -> Iterator[Sidecar]:
    """Own namespace first, there those with a selector, the oldest first; of the root namespace those without one."""
    own, root = [], []
    for sidecar in sidecars:
        selector = sidecar.workload_selector
        if sidecar.metadata.namespace == proxy.namespace:
            if selector is None or proxy.matches(selector.labels):
                own.append(sidecar)
        elif sidecar.metadata.namespace == mesh.root_namespace and selector is None:
            root.append(sidecar)
    yield from sorted(own, key=lambda one: (one.workload_selector is None, _rank(one)))
    yield from sorted(root, key=_rank)


def _rank(sidecar: Sidecar) -> tuple[tuple[bool, str], str]:
    metadata = sidecar.metadata
    return (age(metadata), f"{metadata.name}.{metadata.namespace}")
